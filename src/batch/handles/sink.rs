//! The handle of a batching sink.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;

use crate::batch::handles::handle::Handle;
use crate::batch::{BatchSinkBuilder, BatchStatus, Producer, Producing};
use crate::codec::{Framed, Framing};
use crate::{Error, Message, Result, Undelivered};

/// A sink that batches messages into requests to a [`tower::Service`], and acks each message once the service
/// confirmed that it is stored.
///
/// - A message that is accepted is stored and acked, or handed back once: with the error that ends the sink, or by
///   [`drain`](Self::drain). It is never lost, and never acked before it is confirmed.
/// - An answer settles its entries at once. What was refused with a retryable code returns to the head of its key and
///   backs off alone.
/// - `poll_ready` is the back-pressure: it waits while as much is accepted and unsettled as `max_queue` and
///   `max_queue_bytes` allow (the latter may be exceeded by one message), and never for a linger.
/// - `poll_flush` waits until everything is settled that was accepted when it began. It waits out the linger, because `forward` calls it
///   whenever its stream pauses.
/// - `poll_close` cuts the linger short and has a deadline.
/// - A sink that is dropped still sends, until its close deadline, what it accepted.
///
/// A message that failed for good, and that no dead letters take, ends the sink: the next `poll_ready`, `poll_flush` or `poll_close` accepts no more,
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
    handle: Arc<Handle>,
    framing: Option<Arc<dyn Framing>>,
    /// What a flush that is going on waits for.
    flushing: Option<u64>,
}

impl BatchSink {
    /// Starts to build a sink.
    pub fn builder() -> BatchSinkBuilder {
        BatchSinkBuilder::default()
    }

    pub(in crate::batch) fn new(handle: Handle) -> Self {
        Self { handle: Arc::new(handle), framing: None, flushing: None }
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
        self.handle.gate.status.clone()
    }

    /// Waits until everything is settled that was accepted before this call, cutting the linger short, and returns what
    /// could not be delivered: each message once, as it was submitted, with the reason. The sink goes on, and the keys that had
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
        self.handle.gate.flush().await
    }
}

impl Producing for BatchSink {
    fn producer(&self) -> Producer {
        Producer::new(Arc::clone(&self.handle), self.framing.clone())
    }
}

impl Sink<Message<Bytes>> for BatchSink {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.handle.gate.poll_ready(cx)
    }

    /// Accepts a message.
    ///
    /// # Errors
    ///
    /// `Invalid` or `Encode` for a message that can never be sent, `Closed` once the sink ended. The error carries the
    /// message. The first two concern that message alone, and the sink goes on.
    fn start_send(mut self: Pin<&mut Self>, message: Message<Bytes>) -> Result<()> {
        // A flush that was given up does not stand for one that comes after this.
        self.flushing = None;
        match self.handle.key_for(&message, self.framing.as_deref()) {
            Ok(rekeyed) => self.handle.gate.accept(message, rekeyed),
            Err(error) => Err(self.handle.refuse(error, message)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let until = *this.flushing.get_or_insert_with(|| this.handle.gate.cut());
        let flushed = this.handle.gate.poll_flush(until, cx);
        if flushed.is_ready() {
            this.flushing = None;
        }
        flushed
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.handle.gate.poll_close(cx)
    }
}

impl Framed for BatchSink {
    /// Replaces the framing, also for the messages that are accepted but in no request yet.
    fn framed(mut self, framing: Arc<dyn Framing>) -> Self {
        self.handle.gate.set_framing(Arc::clone(&framing));
        self.framing = Some(framing);
        self
    }
}

impl fmt::Debug for BatchSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSink")
            .field("name", &self.handle.gate.name)
            .field("framing", &self.framing)
            .field("status", &self.handle.gate.status)
            .finish_non_exhaustive()
    }
}
