//! A Kinesis stream as the engine sees it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, ReadFrom, Shard, Upstream};
use headwater::{Result, ShardId};

use crate::api::Api;
use crate::source::Deaggregation;
use crate::source::page::Pages;
use crate::source::polling::{Polling, PollingFetch};
use crate::source::ranges::ShardRanges;

#[derive(Debug)]
pub(super) struct KinesisUpstream {
    pub(super) api: Arc<Api>,
    pub(super) polling: Polling,
    pub(super) deaggregation: Deaggregation,
    pub(super) ranges: ShardRanges,
}

impl Upstream for KinesisUpstream {
    fn stream(&self) -> &str {
        self.api.stream.name()
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        async {
            let listed = self.api.list_shards().await?;
            self.ranges.list(&listed);
            Ok(listed.into_iter().map(|listed| listed.shard).collect())
        }
        .boxed()
    }

    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
        let pages =
            Pages::new(self.api.stream.clone(), shard.clone(), self.deaggregation, self.ranges.clone());
        Box::new(PollingFetch::new(Arc::clone(&self.api), self.polling, shard.clone(), pages, from))
    }
}
