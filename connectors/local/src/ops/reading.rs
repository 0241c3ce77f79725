//! What a reader is given of a shard, whether it asked for it or had it pushed.

use std::sync::Arc;

use super::output::ChildShard;
use crate::store::{Page, Record, Shard, StreamState, Timestamp};

/// Records of a shard, and where among them all the reader is.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) shard: Arc<Shard>,
    pub(crate) records: Vec<Record>,
    pub(crate) millis_behind_latest: u64,
    /// Filled at the end of a shard that has ended.
    pub(crate) child_shards: Vec<ChildShard>,
}

impl Reading {
    pub(crate) fn new(page: Page, shard: Arc<Shard>, state: &StreamState, now: Timestamp) -> Self {
        let child_shards = if page.at_end {
            state.topology.children_of(shard.id).map(|child| ChildShard::from(&**child)).collect()
        } else {
            Vec::new()
        };
        Self {
            // Zero means caught up, so who is behind is so by a millisecond at least.
            millis_behind_latest: page.behind.map_or(0, |reached| now.saturating_sub(reached).max(1)),
            records: page.records,
            child_shards,
            shard,
        }
    }
}
