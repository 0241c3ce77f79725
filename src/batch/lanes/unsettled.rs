//! Entries on their way: neither stored nor handed back.

use std::time::Duration;

use tokio::time::Instant;

use crate::Delivery;
use crate::batch::Entry;
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::pool::Place;

/// The messages that share one entry.
pub(in crate::batch) enum Messages {
    /// Most entries hold one message, which then needs no allocation.
    One(Place),
    Many(Vec<Place>),
}

impl Messages {
    pub(in crate::batch) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(places) => places.len(),
        }
    }

    pub(in crate::batch) fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    pub(in crate::batch) fn each(&self) -> impl Iterator<Item = Place> {
        let places = match self {
            Self::One(place) => std::slice::from_ref(place),
            Self::Many(places) => places,
        };
        places.iter().copied()
    }
}

/// The chains whose messages share one entry.
#[derive(Clone)]
pub(in crate::batch) enum ChainIds {
    One(ChainId),
    Many(Vec<ChainId>),
}

impl ChainIds {
    pub(in crate::batch) fn each(&self) -> impl Iterator<Item = ChainId> {
        let ids = match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        };
        ids.iter().copied()
    }
}

/// What the sink knows of an entry besides its contents.
pub(in crate::batch) struct Unsettled {
    pub(in crate::batch) messages: Messages,
    /// Where its messages queued.
    pub(in crate::batch) chains: ChainIds,
    /// The lane that it goes by.
    pub(in crate::batch) lane: LaneId,
    /// Its messages hash to places of their own, so that the shard it lands on must hold them all.
    pub(in crate::batch) shared: bool,
    pub(in crate::batch) attempts: u32,
    pub(in crate::batch) first_attempt: Option<Instant>,
    /// How long its first message had waited by then.
    pub(in crate::batch) queued: Duration,
    /// Since when it waits for company.
    pub(in crate::batch) since: Instant,
    /// An attempt ended without an answer.
    pub(in crate::batch) maybe_stored: bool,
}

impl Unsettled {
    pub(in crate::batch) fn new(
        messages: Messages,
        chains: ChainIds,
        lane: LaneId,
        shared: bool,
        since: Instant,
    ) -> Self {
        Self {
            messages,
            chains,
            lane,
            shared,
            attempts: 0,
            first_attempt: None,
            queued: Duration::ZERO,
            since,
            maybe_stored: false,
        }
    }

    pub(in crate::batch) fn delivery(&self) -> Delivery {
        if self.maybe_stored { Delivery::Unknown } else { Delivery::NotStored }
    }
}

/// An entry that is ready to be sent, or waits out its backoff.
pub(in crate::batch) struct Waiting {
    pub(in crate::batch) entry: Entry,
    pub(in crate::batch) unsettled: Unsettled,
}

/// Names a chain of the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::batch) struct ChainId(pub(in crate::batch) u32);

impl ChainId {
    /// The chain of the messages that have no order.
    pub(in crate::batch) const LOOSE: Self = Self(0);
}
