//! Messages on their way: accepted, but neither stored nor handed back.

use bytes::Bytes;
use tokio::time::Instant;

use crate::batch::Entry;
use crate::batch::pool::Place;
use crate::{Delivery, Key, Message};

/// A message as it was accepted.
pub(super) struct Accepted {
    pub(super) message: Message<Bytes>,
    /// The key that it is sent under in place of its own. Boxed because it is rare and keys are large.
    pub(super) rekeyed: Option<Box<Key>>,
}

impl Accepted {
    /// Returns the key that it is sent under; `None` where one is to be generated.
    pub(super) fn key(&self) -> Option<&Key> {
        self.rekeyed.as_deref().or_else(|| self.message.key())
    }
}

/// The messages that share one entry.
pub(super) enum Messages {
    /// Most entries hold one message, which then needs no allocation.
    One(Place),
    Many(Vec<Place>),
}

impl Messages {
    pub(super) fn each(&self) -> impl Iterator<Item = Place> {
        let places = match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        };
        places.iter().copied()
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
