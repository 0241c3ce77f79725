//! The handle of a Kinesis sink.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;
use headwater::batch::{BatchSink, BatchStatus, Producer, Producing};
use headwater::codec::{Codec, Encode, EncodeExt, Framed, Framing, Serializer};
use headwater::{Error, Message, Result, Undelivered};

use crate::sink::KinesisSinkBuilder;
use crate::sink::alone::Alone;

/// A Kinesis stream as a [`Sink`] of messages.
///
/// Messages are batched into PutRecords requests, several of them in flight. A message is acked once Kinesis confirmed
/// it; what was refused is tried again alone, after a jittered backoff. Messages of one key are first stored in the
/// order in which they were accepted. What cannot be delivered is handed back once, by [`drain`](Self::drain) or with
/// the error that ends the sink ([`Error::into_undelivered`]), and is never lost: [`BatchSink`] has the details of
/// readiness, flush, close, drop and failure.
///
/// Each open shard has a lane of its own, with its own limit, so that one that throttles slows only its own records. With
/// `codec::kpl_json` or `codec::kpl_string`, messages of all keys of a shard share records; with lines, lists and
/// netstrings those of one key do. A KPL aggregate that a reshard put on a shard which does not hold all its user records
/// is put again, split by the new map, and acked only then.
///
/// # Example
///
/// ```
/// use futures::{SinkExt, StreamExt, stream};
/// use headwater::Message;
/// use headwater_kinesis::{KinesisSink, codec};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().build();
/// let sink = KinesisSink::builder("orders").client(local.client()).create_stream(2).connect().await?;
/// let status = sink.status();
///
/// let orders = (0..100_u32).map(|number| Ok(Message::keyed(number, format!("customer-{}", number % 9))));
/// stream::iter(orders).forward(sink.encode(codec::json())).await?;
///
/// assert_eq!(status.stored(), 100);
/// assert_eq!(local.record_count("orders")?, 100);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "sinks do nothing unless polled"]
pub struct KinesisSink {
    batch: BatchSink,
    /// The stream takes no aggregates.
    alone: bool,
}

impl KinesisSink {
    /// Starts to describe a sink of a stream, named by its name or its ARN.
    pub fn builder(stream: impl Into<String>) -> KinesisSinkBuilder {
        KinesisSinkBuilder::new(stream.into())
    }

    pub(super) fn new(batch: BatchSink, alone: bool) -> Self {
        Self { batch, alone }
    }

    /// Turns values into bytes and packs them into records: [`EncodeExt::encode`], without its import.
    pub fn encode<T: 'static, S: Serializer<T>>(self, codec: Codec<S>) -> Encode<Self, T> {
        EncodeExt::encode(self, codec)
    }

    /// Returns the counters of this sink, which stay readable after the sink was moved into `forward`.
    pub fn status(&self) -> BatchStatus {
        self.batch.status()
    }

    /// Returns a handle for many tasks that send to this sink: [`Producing::producer`], without its import. With a codec,
    /// [`encode`](Self::encode) first.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Message;
    /// use headwater_kinesis::{KinesisSink, codec};
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("orders", 2).build();
    /// let sink = KinesisSink::builder("orders").client(local.client()).connect().await?;
    /// let producer = sink.encode(codec::kpl_string()).producer();
    /// let receipt = producer.put(Message::keyed("an order".to_owned(), "customer-7")).await?;
    /// println!("stored on {}", receipt.await?.shard());
    /// # Ok(())
    /// # }
    /// ```
    pub fn producer(&self) -> Producer {
        Producing::producer(self)
    }

    /// Waits until everything is settled that was accepted before this call, cutting the linger short, and returns what
    /// could not be delivered, each message once, with the reason. The sink goes on: see [`BatchSink::drain`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken before everything is settled: a call that is dropped loses nothing.
    pub async fn drain(&mut self) -> Vec<Undelivered> {
        self.batch.drain().await
    }
}

impl Producing for KinesisSink {
    fn producer(&self) -> Producer {
        self.batch.producer()
    }
}

impl Sink<Message<Bytes>> for KinesisSink {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.batch).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message<Bytes>) -> Result<()> {
        Pin::new(&mut self.batch).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.batch).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.batch).poll_close(cx)
    }
}

impl Framed for KinesisSink {
    fn framed(self, framing: Arc<dyn Framing>) -> Self {
        let framing: Arc<dyn Framing> = if self.alone && framing.joins() && framing.carries_keys() {
            let framing_name = framing.name();
            tracing::warn!(
                framing = framing_name,
                "the stream distributes records by itself (AUTO) and takes no aggregates: each message is a record"
            );
            Arc::new(Alone(framing))
        } else {
            framing
        };
        Self { batch: self.batch.framed(framing), ..self }
    }
}
