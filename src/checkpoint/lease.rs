//! What a store keeps of one shard, and what a worker holds and asks for.

use std::time::SystemTime;

use crate::checkpoint::{Application, FencingToken, WorkerId};
use crate::{Position, ShardId};

/// The stored position of a shard: everything up to it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The longest acked prefix.
    pub position: Position,
    /// When the record at that position arrived; one end of a gap, should retention overtake the checkpoint.
    pub arrival: Option<SystemTime>,
}

impl From<Position> for Checkpoint {
    fn from(position: Position) -> Self {
        Self { position, arrival: None }
    }
}

/// What a worker asks for when it claims a shard.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The group.
    pub application: Application,
    /// The shard.
    pub shard: ShardId,
    /// The worker that claims.
    pub worker: WorkerId,
    /// The version of a row that has not changed for the lease time on the claimer's monotonic clock; `None`
    /// while nothing is known to have expired.
    pub expired: Option<u64>,
    /// Stored as the shard's checkpoint if it has no row yet.
    pub initial: Checkpoint,
}

/// The right to read a shard and to move its checkpoint, as of the last successful verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The group.
    pub application: Application,
    /// The shard.
    pub shard: ShardId,
    /// The worker that holds it.
    pub owner: WorkerId,
    /// Given at the claim, constant while the lease is held, greater at each later claim.
    pub token: FencingToken,
    /// Changes with every claim, renewal, commit and release, so that a constant one tells of a dead owner.
    pub version: u64,
    /// The stored position.
    pub checkpoint: Checkpoint,
    /// The worker that asked for the lease, if one did since it was claimed.
    pub handoff: Option<WorkerId>,
}

/// A request that the owner of a lease hand it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// The worker that asks.
    pub to: WorkerId,
    /// The claim that it was made against; void once the token has changed.
    pub token: FencingToken,
}

/// What a store holds of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// The shard.
    pub shard: ShardId,
    /// The worker that holds the lease, or to which it was released; `None` when it is free.
    pub owner: Option<WorkerId>,
    /// The token of the last claim.
    pub token: FencingToken,
    /// Changes with every claim, renewal, commit and release. A hand-off request leaves it alone: it proves nothing
    /// about the life of the owner, and must not put off the expiry of a dead one.
    pub version: u64,
    /// The stored position.
    pub checkpoint: Checkpoint,
    /// The standing hand-off request.
    pub handoff: Option<Handoff>,
}
