//! Messages on their way: accepted, but neither stored nor handed back.

use bytes::Bytes;
use tokio::time::Instant;

use crate::batch::Entry;
use crate::{Delivery, Key, Message};

/// A message as it was accepted.
pub(super) struct Accepted {
    pub(super) message: Message<Bytes>,
    /// The key that it is sent under; `None` where one is to be generated.
    pub(super) key: Option<Key>,
}

/// The messages that share one entry.
pub(super) enum Messages {
    /// Most entries hold one message, which then needs no allocation.
    One(Message<Bytes>),
    Many(Vec<Message<Bytes>>),
}

impl Messages {
    pub(super) fn each(&self, f: impl FnMut(&Message<Bytes>)) {
        match self {
            Self::One(message) => std::slice::from_ref(message),
            Self::Many(messages) => messages,
        }
        .iter()
        .for_each(f);
    }

    pub(super) fn into_each(self, mut f: impl FnMut(Message<Bytes>)) {
        match self {
            Self::One(message) => f(message),
            Self::Many(messages) => messages.into_iter().for_each(f),
        }
    }
}

/// What the sink knows of an entry besides its contents.
pub(super) struct Unsettled {
    pub(super) messages: Messages,
    /// Where its messages queued.
    pub(super) chain: ChainId,
    pub(super) attempts: u32,
    pub(super) first_attempt: Option<Instant>,
    /// An attempt ended without an answer.
    pub(super) maybe_stored: bool,
}

impl Unsettled {
    pub(super) fn delivery(&self) -> Delivery {
        if self.maybe_stored { Delivery::Unknown } else { Delivery::NotStored }
    }
}

/// An entry that is ready to be sent, or waits out its backoff.
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) unsettled: Unsettled,
}

/// Names a chain of the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChainId(pub(super) u32);

impl ChainId {
    /// The chain of the messages that have no order.
    pub(super) const LOOSE: Self = Self(0);
}
