//! A message that a sink could not deliver.

use std::fmt;

use bytes::Bytes;

use crate::{Error, Message};

/// A message handed back by a sink, with the reason.
///
/// The message is serialized, unframed and keyed as it was given to the sink, and still owns its ack: dropping it
/// abandons the debt, so that the source never moves past it.
pub struct Undelivered {
    message: Message<Bytes>,
    reason: Error,
    delivery: Delivery,
}

/// What is known of a message that was not confirmed.
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
