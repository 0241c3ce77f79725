//! What a source tells of its shards.

use crate::{Position, ShardId};

/// What a source knows of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatus {
    /// The shard.
    pub shard: ShardId,
    /// What is being done with it.
    pub state: ShardState,
    /// The shards that it came from.
    pub parents: Vec<ShardId>,
    /// The stored position, where one is known.
    pub position: Option<Position>,
    /// How far the last page was behind the tip, in milliseconds, where the service told.
    pub millis_behind_latest: Option<u64>,
    /// How many of its messages are neither acked nor abandoned.
    pub in_flight: usize,
}

impl ShardStatus {
    /// Describes a shard that this worker is not reading.
    pub(super) fn unread(shard: ShardId, state: ShardState, parents: Vec<ShardId>) -> Self {
        Self { shard, state, parents, position: None, millis_behind_latest: None, in_flight: 0 }
    }
}

/// What is being done with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShardState {
    /// A parent is not finished.
    WaitingForParents,
    /// Nobody here holds its lease: it is free, or another worker's.
    Unleased,
    /// It is being read.
    Reading,
    /// Everything asked for was read; acks may be out.
    Draining,
    /// It was read to its end and every message acked, by this worker or another.
    Finished,
}
