//! A message as it was accepted.

use std::mem;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;

use crate::batch::Entry;
use crate::batch::handles::receipt::Slip;
use crate::{Ack, Key, Message};

/// A message as it was accepted, in memory that is used again: it is written there once, and what moves through queues
/// and requests is a pointer.
pub(in crate::batch) struct Accepted(Box<Inside>);

/// What the memory of an accepted message holds.
pub(in crate::batch) struct Inside {
    pub(in crate::batch) message: Message<Bytes>,
    /// The key that it is sent under in place of its own. Boxed because it is rare and keys are large.
    rekeyed: Option<Box<Key>>,
    /// Where its outcome is told, if it was asked for.
    slip: Option<Box<Slip>>,
    /// Since how many flushes it is there: a flush waits for what came before it.
    pub(in crate::batch) epoch: u64,
    /// How many were accepted before it.
    pub(in crate::batch) turn: u64,
    /// What it counts towards the bytes of the queue.
    pub(in crate::batch) bytes: usize,
    /// Its payload is in its entry.
    lent: bool,
}

/// A message that is to be accepted.
pub(in crate::batch) struct Arrival {
    pub(in crate::batch) message: Message<Bytes>,
    pub(in crate::batch) rekeyed: Option<Box<Key>>,
    pub(in crate::batch) slip: Option<Box<Slip>>,
}

impl Accepted {
    /// Writes a message where one was that is settled, if there is such memory.
    #[inline]
    pub(in crate::batch) fn new(spare: Option<Self>, arrival: Arrival, epoch: u64, turn: u64) -> Self {
        let Arrival { message, rekeyed, slip } = arrival;
        let bytes = message.wire_len();
        match spare {
            Some(mut accepted) => {
                // Field by field: a whole new value would be made elsewhere and moved.
                let inside = &mut *accepted;
                inside.message = message;
                inside.rekeyed = rekeyed;
                inside.slip = slip;
                (inside.epoch, inside.turn, inside.bytes) = (epoch, turn, bytes);
                accepted
            }
            None => Self(Box::new(Inside { message, rekeyed, slip, epoch, turn, bytes, lent: false })),
        }
    }

    /// Returns the key that it is sent under; `None` where one is to be generated.
    pub(in crate::batch) fn key(&self) -> Option<&Key> {
        self.rekeyed.as_deref().or_else(|| self.message.key())
    }

    /// Takes the payload out for an entry that holds nothing else: a clone of bytes that nobody shares yet would
    /// allocate.
    pub(in crate::batch) fn lend_payload(&mut self) -> Bytes {
        self.lent = true;
        self.message.take_payload()
    }

    /// Puts the payload back that it lent to an entry, if it did.
    pub(in crate::batch) fn take_back(&mut self, entry: &Entry) {
        if mem::take(&mut self.lent) {
            self.message.put_payload(entry.data.clone());
        }
    }

    /// Forgets the message but for its debt and for who waits for its outcome. The memory is left.
    pub(in crate::batch) fn settle(&mut self) -> (Ack, Option<Box<Slip>>) {
        self.lent = false;
        self.rekeyed = None;
        (self.message.clear(), self.slip.take())
    }

    /// Takes the message out, and who waits for its outcome. The memory is left.
    pub(in crate::batch) fn take(&mut self) -> (Message<Bytes>, Option<Box<Slip>>) {
        self.lent = false;
        self.rekeyed = None;
        (mem::replace(&mut self.message, Message::new(Bytes::new())), self.slip.take())
    }
}

impl Deref for Accepted {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl DerefMut for Accepted {
    fn deref_mut(&mut self) -> &mut Inside {
        &mut self.0
    }
}
