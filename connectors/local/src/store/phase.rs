//! The states a stream passes through.

use super::{Distribution, ShardId, Timestamp};

/// A stream's state. A state with a time passes into the next one at that time, by whoever looks first: no
/// task runs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Has no shards to show yet.
    Creating {
        until: Timestamp,
    },
    Active,
    /// Serves reads and writes; the change takes effect at the end.
    Updating {
        until: Timestamp,
        change: Change,
    },
    /// Is gone at the end.
    Deleting {
        until: Timestamp,
    },
}

/// What an update changes. It was found possible when the update began, and no other update begins meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Split { shard: ShardId, starting_hash_key: u128 },
    Merge { shard: ShardId, adjacent: ShardId },
    Scale { shards: usize },
    MaxRecordSize { kib: u32 },
    Distribution(Distribution),
}

impl Phase {
    /// Returns the StreamStatus of the API.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Creating { .. } => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating { .. } => "UPDATING",
            Self::Deleting { .. } => "DELETING",
        }
    }

    /// Whether records can be written and read.
    pub(crate) fn serves(self) -> bool {
        matches!(self, Self::Active | Self::Updating { .. })
    }

    /// When the next state begins.
    pub(crate) fn until(self) -> Option<Timestamp> {
        match self {
            Self::Active => None,
            Self::Creating { until } | Self::Updating { until, .. } | Self::Deleting { until } => Some(until),
        }
    }

    pub(crate) fn is_due(self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| until <= now)
    }
}
