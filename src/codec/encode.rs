//! The encode stage: a sink of values in front of a sink of bytes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;
use pin_project_lite::pin_project;

use crate::batch::{Producer, Producing};
use crate::codec::codec::pair_name;
use crate::codec::scratch::Scratch;
use crate::codec::{Codec, Framed, Serializer};
use crate::message::describe;
use crate::{Error, ErrorKind, Message, Result};

/// Adds [`encode`](Self::encode) to every sink of bytes that can be [`Framed`].
///
/// # Example
///
/// ```
/// use futures::{StreamExt, stream};
/// use headwater::codec::{self, EncodeExt};
/// use headwater::{MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("numbers", 1);
/// let numbers = [7, 8].map(|number| Ok(Message::keyed(number, "customer-7")));
/// stream::iter(numbers).forward(stream.sink().encode(codec::json_list::<u32>())).await?;
/// assert_eq!(stream.records()[0].payload, "[7,8]");
/// # Ok(())
/// # }
/// ```
pub trait EncodeExt: Framed {
    /// Puts a stage before the sink that turns values into bytes, and hands the codec's framing to the sink.
    ///
    /// Goes before `fanout` and `buffer`, which hide the sink's framing.
    ///
    /// Payloads of at most 256 bytes share memory, 4 KiB of it, which is free again when the last of them is stored or, if it was
    /// handed back, dropped.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::codec::{self, EncodeExt};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("numbers", 1);
    /// let mut numbers = stream.sink().encode(codec::json_lines());
    /// numbers.feed(Message::keyed(7_u32, "customer-7")).await?;
    /// numbers.feed(Message::keyed(8, "customer-7")).await?;
    /// numbers.close().await?;
    /// assert_eq!(stream.records()[0].payload, "7\n8\n");
    /// # Ok(())
    /// # }
    /// ```
    fn encode<T: 'static, S: Serializer<T>>(self, codec: Codec<S>) -> Encode<Self, T> {
        let (framing, serializer) = codec.into_parts();
        let name = pair_name(&*framing, serializer.name());
        Encode {
            inner: self.framed(framing),
            serializer: Arc::new(serializer),
            name,
            scratch: Scratch::new(),
        }
    }
}

impl<S: Framed> EncodeExt for S {}

pin_project! {
    /// A sink of values, made by [`EncodeExt::encode`]: serializes each message and keeps its key, headers, origin
    /// and ack.
    ///
    /// # Errors
    ///
    /// `start_send` fails with `Encode`, naming where the message came from, when a value cannot be written. That
    /// concerns the message alone, and the sink goes on. There are no bytes to hand back, so the message is
    /// abandoned: its source never moves past it. All other errors are the sink's own.
    ///
    /// # Example
    ///
    /// A value that cannot be written fails alone:
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use futures::SinkExt;
    /// use headwater::codec::{self, EncodeExt};
    /// use headwater::{ErrorKind, MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("maps", 1);
    /// let mut maps = stream.sink().encode(codec::json());
    /// let error = maps.feed(Message::new(BTreeMap::from([((1, 2), 3)]))).await.unwrap_err();
    /// assert_eq!(error.to_string(), "encode message as JSON: key must be a string");
    ///
    /// maps.send(Message::new(BTreeMap::new())).await?;
    /// assert_eq!(stream.records()[0].payload, "{}");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "sinks do nothing unless polled"]
    pub struct Encode<S, T> {
        #[pin]
        inner: S,
        serializer: Arc<dyn Serializer<T>>,
        name: String,
        scratch: Scratch,
    }
}

impl<S, T> Encode<S, T> {
    /// Returns the sink of bytes.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the sink of bytes.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the sink of bytes out, with the codec's framing still in it.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Producing, T: 'static> Encode<S, T> {
    /// Returns a handle for many tasks that send values to this sink. It goes on when the sink was moved into
    /// `forward`, until the sink is closed.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::codec::{self, EncodeExt};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("numbers", 1);
    /// let producer = stream.sink().encode(codec::json_lines()).producer();
    /// let receipts = [producer.put(Message::keyed(7, "a")).await?, producer.put(Message::keyed(8, "a")).await?];
    /// for (place, receipt) in receipts.into_iter().enumerate() {
    ///     assert_eq!(receipt.await?.sub_sequence(), Some(place as u64));
    /// }
    /// assert_eq!(stream.records()[0].payload, "7\n8\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn producer(&self) -> Producer<T> {
        let (serializer, name) = (Arc::clone(&self.serializer), self.name.clone());
        self.inner
            .producer()
            .encoding(move |message| serialized(message, &*serializer, &name, &mut Scratch::for_one()))
    }
}

impl<S: Sink<Message<Bytes>, Error = Error>, T: 'static> Sink<Message<T>> for Encode<S, T> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.project().inner.poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message<T>) -> Result<()> {
        let this = self.project();
        this.inner.start_send(serialized(message, &**this.serializer, this.name, this.scratch)?)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

/// Turns a message into bytes, by way of a buffer that is used again.
fn serialized<T: 'static>(
    message: Message<T>,
    serializer: &dyn Serializer<T>,
    name: &str,
    scratch: &mut Scratch,
) -> Result<Message<Bytes>> {
    let (value, key, headers, origin, ack) = message.into_parts();
    scratch.written.clear();
    serializer.serialize(&value, &mut scratch.written).map_err(|cause| {
        let context = format!("encode {} as {name}", describe(origin.as_ref()));
        Error::new(ErrorKind::Encode, context).caused_by(cause)
    })?;
    Ok(Message::from_parts(scratch.take(), key, headers, origin, ack))
}

impl<S: fmt::Debug, T> fmt::Debug for Encode<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encode").field("codec", &self.name).field("sink", &self.inner).finish_non_exhaustive()
    }
}
