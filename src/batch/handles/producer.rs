//! A handle for many tasks that send to one sink.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::batch::BatchStatus;
use crate::batch::handles::handle::Handle;
use crate::batch::handles::receipt::{Receipt, Slip};
use crate::codec::Framing;
use crate::{Message, Result, Undelivered};

/// A handle for many tasks that send to one sink. Clones send to the same sink.
///
/// The sink outlives being moved into `forward`, and goes on until it is closed or the last handle is dropped.
///
/// A message that cannot be delivered goes to its [`Receipt`] if one is waiting; else to the sink's dead letters, if
/// it has such a sink; else to the list of messages that are handed back, which [`flush`](Self::flush) and
/// [`close`](Self::close) return. That list counts towards `max_queue`: once it fills the queue, sends fail.
///
/// # Example
///
/// ```
/// use headwater::batch::Producing;
/// use headwater::codec::{self, EncodeExt};
/// use headwater::{MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let orders = MemoryStream::new("orders", 4);
/// let producer = orders.sink().encode(codec::json::<u32>()).producer();
/// let tasks = (0..100).map(|number| {
///     let producer = producer.clone();
///     tokio::spawn(async move { producer.send(Message::keyed(number, "customer-7")).await })
/// });
/// for task in tasks.collect::<Vec<_>>() {
///     task.await.expect("no task panics")?;
/// }
/// assert!(producer.flush().await.is_empty(), "all are delivered");
/// assert_eq!(orders.records().len(), 100);
/// # Ok(())
/// # }
/// ```
pub struct Producer<T = Bytes> {
    handle: Arc<Handle>,
    framing: Option<Arc<dyn Framing>>,
    encode: Arc<Encoder<T>>,
}

type Encoder<T> = dyn Fn(Message<T>) -> Result<Message<Bytes>> + Send + Sync;

/// A sink that many tasks can send to.
///
/// # Example
///
/// See [`Producer`].
pub trait Producing {
    /// Returns a handle that sends to this sink, in the framing that it has now: after
    /// [`encode`](crate::codec::EncodeExt::encode), and not before.
    fn producer(&self) -> Producer;
}

impl Producer {
    pub(in crate::batch) fn new(handle: Arc<Handle>, framing: Option<Arc<dyn Framing>>) -> Self {
        Self { handle, framing, encode: Arc::new(Ok) }
    }

    /// Turns values into bytes before they are sent.
    pub(crate) fn encoding<T>(
        self,
        encode: impl Fn(Message<T>) -> Result<Message<Bytes>> + Send + Sync + 'static,
    ) -> Producer<T> {
        Producer { handle: self.handle, framing: self.framing, encode: Arc::new(encode) }
    }
}

impl<T> Producer<T> {
    /// Waits for room, hands a message to the sink, and returns its receipt. Tasks that wait get room in turn.
    ///
    /// # Errors
    ///
    /// `Invalid` or `Encode` for a message that can never be sent, `Closed` once the sink ended, `Undelivered` once
    /// messages that were handed back fill the queue. The error carries the message, unless it could not be encoded.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped while it waits drops its message, which abandons it.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::batch::Producing;
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("orders", 1);
    /// let producer = stream.sink().producer();
    /// let receipt = producer.put(Message::keyed("an order".into(), "customer-7")).await?;
    /// let delivered = receipt.await?;
    /// assert_eq!(delivered.sequence(), &stream.records()[0].sequence);
    /// assert_eq!((delivered.attempts(), delivered.sub_sequence()), (1, None));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn put(&self, message: Message<T>) -> Result<Receipt> {
        let mut arrival = self.handle.admit((self.encode)(message)?, self.framing.as_deref())?;
        let (slip, receipt) = Slip::new();
        arrival.slip = Some(Box::new(slip));
        self.handle.gate.enter(arrival).await?;
        Ok(receipt)
    }

    /// Waits for room and hands a message to the sink, without a receipt, which costs less.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    ///
    /// # Cancel safety
    ///
    /// As [`put`](Self::put).
    pub async fn send(&self, message: Message<T>) -> Result<()> {
        let arrival = self.handle.admit((self.encode)(message)?, self.framing.as_deref())?;
        self.handle.gate.enter(arrival).await
    }

    /// Waits until everything is settled that was accepted before this call, cutting the linger short, and returns
    /// every message that was handed back since the last one, each once, serialized and unframed, with the reason and
    /// whether it may be stored. The keys that had failed are free again.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped takes nothing.
    pub async fn flush(&self) -> Vec<Undelivered> {
        self.handle.gate.flush().await
    }

    /// Closes the sink for all its handles: accepts no more, waits until everything is settled, at most for the
    /// sink's `close_deadline`, and returns what could not be delivered.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped takes nothing, and the sink closes all the same.
    pub async fn close(&self) -> Vec<Undelivered> {
        self.handle.gate.close().await
    }

    /// Returns the counters of the sink.
    pub fn status(&self) -> BatchStatus {
        self.handle.gate.status.clone()
    }
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
            framing: self.framing.clone(),
            encode: Arc::clone(&self.encode),
        }
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("name", &self.handle.gate.name).finish_non_exhaustive()
    }
}
