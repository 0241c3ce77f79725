//! What a user asks of the coordinator while a source reads.

use tokio::sync::oneshot;

use crate::source::ReadFrom;
use crate::{Result, ShardId};

/// How many may wait for the coordinator.
pub(super) const WAITING_SEEKS: usize = 16;

/// Asks that shards be read from elsewhere.
#[derive(Debug)]
pub(super) struct Seek {
    /// One shard, or all that are held.
    pub(super) shard: Option<ShardId>,
    pub(super) to: ReadFrom,
    pub(super) done: oneshot::Sender<Result<()>>,
}
