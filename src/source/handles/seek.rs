//! What a user asks of the coordinator while a source reads.

use tokio::sync::oneshot;

use crate::source::ReadFrom;
use crate::{Result, ShardId};

/// How many may wait for the coordinator.
pub(in crate::source) const WAITING_SEEKS: usize = 16;

/// Asks that shards be read from elsewhere.
#[derive(Debug)]
pub(in crate::source) struct Seek {
    /// One shard, or all that are held.
    pub(in crate::source) shard: Option<ShardId>,
    pub(in crate::source) to: ReadFrom,
    pub(in crate::source) done: oneshot::Sender<Result<()>>,
}
