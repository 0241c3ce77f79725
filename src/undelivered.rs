//! A message that a sink could not deliver.

use std::fmt;

use bytes::Bytes;

use crate::{Error, Message};

/// A message handed back by a sink, with the reason.
///
/// The message is serialized, unframed and keyed as it was given to the sink, and still owns its ack: dropping it
/// abandons the debt, so that the source never moves past it.
///
/// # Example
///
/// ```
/// use futures::SinkExt;
/// use headwater::batch::BatchSink;
/// use headwater::{ErrorKind, MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// # stream.faults().refuse_entries(1.0, 0);
/// let mut sink = BatchSink::builder().retry_limit(3).build(stream)?;
/// sink.feed(Message::keyed("an order".into(), "customer-7")).await?;
/// for undelivered in sink.drain().await {
///     eprintln!("{:?}: {}", undelivered.message().key(), undelivered.reason());
///     assert_eq!(undelivered.reason().kind(), ErrorKind::Throttled);
///     undelivered.into_message().ack(); // given up on purpose, so that the source goes on
/// }
/// # Ok(())
/// # }
/// ```
pub struct Undelivered {
    message: Message<Bytes>,
    reason: Error,
    delivery: Delivery,
}

/// What is known of a message that was not confirmed.
///
/// # Example
///
/// ```
/// use futures::SinkExt;
/// use headwater::batch::BatchSink;
/// use headwater::{Delivery, ErrorKind, MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 1);
/// # stream.faults().fail_puts(1, ErrorKind::Timeout);
/// let mut sink = BatchSink::builder().retry_limit(0).build(stream)?;
/// sink.feed(Message::keyed("an order".into(), "customer-7")).await?;
/// for undelivered in sink.drain().await {
///     match undelivered.delivery() {
///         Delivery::NotStored => sink.feed(undelivered.into_message()).await?,
///         Delivery::Unknown => eprintln!("may be stored: {}", undelivered.reason()),
///     }
/// }
/// assert_eq!(sink.status().requests(), 1); // what may be stored was not sent again
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The service refused it, or it was never sent: sending it again cannot repeat it.
    NotStored,
    /// An answer was lost: it may be stored, and sending it again may repeat it.
    Unknown,
}

impl Undelivered {
    /// Creates a hand-back.
    pub fn new(message: Message<Bytes>, reason: Error, delivery: Delivery) -> Self {
        Self { message, reason, delivery }
    }

    /// Returns the message.
    pub fn message(&self) -> &Message<Bytes> {
        &self.message
    }

    /// Returns why it was not delivered.
    pub fn reason(&self) -> &Error {
        &self.reason
    }

    /// Tells whether it may be stored all the same.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Takes the message out, to be sent elsewhere or acked.
    pub fn into_message(self) -> Message<Bytes> {
        self.message
    }
}

impl fmt::Debug for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered")
            .field("key", &self.message.key())
            .field("bytes", &self.message.payload().len())
            .field("reason", &self.reason)
            .field("delivery", &self.delivery)
            .finish()
    }
}
