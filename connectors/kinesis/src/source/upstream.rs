//! A Kinesis stream as the engine sees it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, ReadFrom, Shard, Upstream};
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::source::polling::{Polling, PollingFetch};

#[derive(Debug)]
pub(super) struct KinesisUpstream {
    pub(super) api: Arc<Api>,
    pub(super) polling: Polling,
}

impl Upstream for KinesisUpstream {
    fn stream(&self) -> &str {
        self.api.stream.name()
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        self.api.list_shards().boxed()
    }

    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
        Box::new(PollingFetch::new(Arc::clone(&self.api), self.polling, shard.clone(), from))
    }
}
