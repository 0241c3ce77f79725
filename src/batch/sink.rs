//! The handle of a batching sink.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;

use crate::batch::framer::{Framer, GENERATED_KEY_LEN};
use crate::batch::gate::Gate;
use crate::batch::unsettled::Accepted;
use crate::batch::{Admission, BatchSinkBuilder, BatchStatus};
use crate::codec::{Framed, Framing};
use crate::{Delivery, Error, ErrorKind, Key, Message, Result, Undelivered};

/// A sink that batches messages into requests to a [`tower::Service`], and acks each message once the service
/// confirmed that it is stored.
///
/// - A message that is accepted is stored and acked, or handed back once: with the error that ends the sink, or by
///   [`drain`](Self::drain). It is never lost, and never acked before it is confirmed.
/// - An answer settles its entries at once. What was refused with a retryable code returns to the head of its key and
///   backs off alone.
/// - `poll_ready` is the back-pressure: it waits while as much is accepted and unsettled as `max_queue` and
///   `max_queue_bytes` allow (the latter may be exceeded by one message), and never for a linger.
/// - `poll_flush` waits until everything accepted is settled. It waits out the linger, because `forward` calls it
///   whenever its stream pauses.
/// - `poll_close` cuts the linger short and has a deadline.
/// - A sink that is dropped still sends, until its close deadline, what it accepted.
///
/// A message that failed for good ends the sink: the next `poll_ready`, `poll_flush` or `poll_close` accepts no more,
/// waits until the rest is settled (at most for the close deadline), and returns one error that carries every failed
/// message. A fatal error of the service ends it at once, with everything that was unsettled. After that, as after a
/// close, a send is a `Closed` error.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use futures::SinkExt;
/// use headwater::batch::{Batch, BatchResponse, BatchSink, Stored};
/// use headwater::{Error, Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let service = tower::service_fn(|batch: Batch| async move {
///     let stored = Stored { shard: "shard".into(), sequence: "1".into() };
///     Ok::<_, Error>(BatchResponse::new(vec![Ok(stored); batch.records()]))
/// });
/// let mut sink = BatchSink::builder().batch_records(100).build(service)?;
/// sink.feed(Message::keyed(Bytes::from("payload"), "customer-7")).await?;
/// sink.close().await?;
/// assert_eq!(sink.status().stored(), 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "sinks do nothing unless polled"]
pub struct BatchSink {
    gate: Arc<Gate>,
    admission: Arc<dyn Admission>,
    framing: Option<Arc<dyn Framing>>,
    record_bytes: usize,
}

/// What a framing may add to the longest message that fits a record without being measured.
const FRAME_OVERHEAD: usize = 4096;

impl BatchSink {
    /// Starts to build a sink.
    pub fn builder() -> BatchSinkBuilder {
        BatchSinkBuilder::default()
    }

    pub(super) fn new(gate: Arc<Gate>, admission: Arc<dyn Admission>, record_bytes: usize) -> Self {
        Self { gate, admission, framing: None, record_bytes }
    }

    /// Returns the counters of this sink, which stay readable after the sink was moved into `forward`.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let mut sink = MemoryStream::new("orders", 1).sink();
    /// sink.feed(Message::new("an order".into())).await?;
    /// assert_eq!((sink.status().accepted(), sink.status().stored()), (1, 0));
    /// sink.flush().await?;
    /// assert_eq!(sink.status().stored(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> BatchStatus {
        self.gate.status.clone()
    }

    /// Waits until everything accepted is settled, cutting the linger short, and returns what could not be
    /// delivered: each message once, as it was submitted, with the reason. The sink goes on, and the keys that had
    /// failed are free again.
    ///
    /// After a fatal error this returns everything that was unsettled, and the sink stays failed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken before everything is settled: a call that is dropped loses nothing.
    ///
    /// # Example
    ///
    /// What failed is sent once more:
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::batch::BatchSink;
    /// use headwater::{ErrorKind, MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 1);
    /// # stream.faults().fail_puts(1, ErrorKind::Throttled);
    /// let mut sink = BatchSink::builder().retry_limit(0).build(stream.clone())?;
    /// sink.feed(Message::keyed("an order".into(), "customer-7")).await?;
    /// for undelivered in sink.drain().await {
    ///     sink.feed(undelivered.into_message()).await?;
    /// }
    /// assert!(sink.drain().await.is_empty());
    /// assert_eq!(stream.records()[0].payload, "an order");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&mut self) -> Vec<Undelivered> {
        let draining = Draining(&self.gate);
        poll_fn(|cx| draining.0.poll_drain(cx)).await
    }

    /// Finds the key that a message is sent under in place of its own, or why it can never be sent.
    fn admit(&self, message: &Message<Bytes>) -> Result<Option<Key>> {
        let rekeyed = self.admission.admit(message)?;
        let (payload, key) = (message.payload(), rekeyed.as_ref().or(message.key()));
        let key_len = key.map_or(GENERATED_KEY_LEN, |key| key.partition_key().len());
        let mut len = payload.len() + key_len;
        if let Some(framing) = &self.framing {
            framing.accepts(payload).map_err(|cause| {
                let context = format!("frame a message of {} bytes as {}", payload.len(), framing.name());
                Error::new(ErrorKind::Encode, context).caused_by(cause)
            })?;
            if len + FRAME_OVERHEAD > self.record_bytes {
                let generated = || Key::from(" ".repeat(GENERATED_KEY_LEN));
                len = Framer::len_alone(&**framing, &key.cloned().unwrap_or_else(generated), payload);
            }
        }
        if len > self.record_bytes {
            let most = self.record_bytes;
            let context = format!("a record of {len} bytes, its key included: at most {most} are allowed");
            return Err(Error::new(ErrorKind::Invalid, context));
        }
        Ok(rekeyed)
    }

    fn refuse(&self, message: Message<Bytes>, error: Error) -> Error {
        let error = error.during(format_args!("send to \"{}\"", self.gate.name));
        let reason = error.restate();
        error.carrying(vec![Undelivered::new(message, reason, Delivery::NotStored)])
    }
}

impl Sink<Message<Bytes>> for BatchSink {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.gate.poll_ready(cx)
    }

    /// Accepts a message.
    ///
    /// # Errors
    ///
    /// `Invalid` or `Encode` for a message that can never be sent, `Closed` once the sink ended. The error carries the
    /// message. The first two concern that message alone, and the sink goes on.
    fn start_send(self: Pin<&mut Self>, message: Message<Bytes>) -> Result<()> {
        match self.admit(&message) {
            Ok(rekeyed) => self.gate.accept(Accepted { message, rekeyed: rekeyed.map(Box::new) }),
            Err(error) => Err(self.refuse(message, error)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.gate.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.gate.poll_close(cx)
    }
}

impl Framed for BatchSink {
    /// Replaces the framing, also for the messages that are accepted but in no request yet.
    fn framed(mut self, framing: Arc<dyn Framing>) -> Self {
        self.gate.set_framing(Arc::clone(&framing));
        self.framing = Some(framing);
        self
    }
}

impl fmt::Debug for BatchSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSink")
            .field("name", &self.gate.name)
            .field("framing", &self.framing)
            .field("status", &self.gate.status)
            .finish_non_exhaustive()
    }
}

/// A call of [`BatchSink::drain`], which may be given up.
struct Draining<'a>(&'a Gate);

impl Drop for Draining<'_> {
    fn drop(&mut self) {
        self.0.stop_draining();
    }
}

impl Drop for BatchSink {
    fn drop(&mut self) {
        self.gate.abandon();
    }
}
