//! Messages on their way: accepted, but neither stored nor handed back.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::batch::Entry;
use crate::batch::map::LaneId;
use crate::batch::pool::Place;
use crate::batch::receipt::Slip;
use crate::{Delivery, Key, Message};

/// A message as it was accepted.
pub(super) struct Accepted {
    pub(super) message: Message<Bytes>,
    /// The key that it is sent under in place of its own. Boxed because it is rare and keys are large.
    pub(super) rekeyed: Option<Box<Key>>,
    /// Where its outcome is told, if it was asked for.
    pub(super) slip: Option<Box<Slip>>,
    /// Since how many flushes it is there: a flush waits for what came before it.
    pub(super) epoch: u64,
}

impl Accepted {
    pub(super) fn new(message: Message<Bytes>, rekeyed: Option<Key>) -> Self {
        Self { message, rekeyed: rekeyed.map(Box::new), slip: None, epoch: 0 }
    }

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
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(places) => places.len(),
        }
    }

    pub(super) fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    pub(super) fn each(&self) -> impl Iterator<Item = Place> {
        let places = match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        };
        places.iter().copied()
    }
}

/// The chains whose messages share one entry.
#[derive(Clone)]
pub(super) enum ChainIds {
    One(ChainId),
    Many(Vec<ChainId>),
}

impl ChainIds {
    pub(super) fn each(&self) -> impl Iterator<Item = ChainId> {
        let ids = match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        };
        ids.iter().copied()
    }
}

/// What the sink knows of an entry besides its contents.
pub(super) struct Unsettled {
    pub(super) messages: Messages,
    /// Where its messages queued.
    pub(super) chains: ChainIds,
    /// The lane that it goes by.
    pub(super) lane: LaneId,
    /// Its messages hash to places of their own, so that the shard it lands on must hold them all.
    pub(super) shared: bool,
    pub(super) attempts: u32,
    pub(super) first_attempt: Option<Instant>,
    /// How long its first message had waited by then.
    pub(super) queued: Duration,
    /// An attempt ended without an answer.
    pub(super) maybe_stored: bool,
}

impl Unsettled {
    pub(super) fn new(messages: Messages, chains: ChainIds, lane: LaneId, shared: bool) -> Self {
        Self {
            messages,
            chains,
            lane,
            shared,
            attempts: 0,
            first_attempt: None,
            queued: Duration::ZERO,
            maybe_stored: false,
        }
    }

    pub(super) fn delivery(&self) -> Delivery {
        if self.maybe_stored { Delivery::Unknown } else { Delivery::NotStored }
    }
}

/// An entry that is ready to be sent, or waits out its backoff.
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) unsettled: Unsettled,
    /// Since when it waits for company.
    pub(super) since: Instant,
}

/// Names a chain of the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChainId(pub(super) u32);

impl ChainId {
    /// The chain of the messages that have no order.
    pub(super) const LOOSE: Self = Self(0);
}
