//! A Kinesis stream as the engine sees it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, ReadFrom, Shard, Upstream};
use headwater::{Result, ShardId};
use tokio::task::JoinSet;

use crate::source::fan_out::{Consumer, SwitchingFetch};
use crate::source::polling::{Polling, PollingFetch};

#[derive(Debug)]
pub(super) struct KinesisUpstream {
    pub(super) polling: Arc<Polling>,
    pub(super) fan_out: Option<Arc<Consumer>>,
    /// Looks for the consumer of the fan-out, and ends with this.
    pub(super) _keeper: JoinSet<()>,
}

impl Upstream for KinesisUpstream {
    fn stream(&self) -> &str {
        self.polling.api.stream.name()
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        async {
            let Polling { api, meters, ranges, .. } = &*self.polling;
            let listed = meters.list_shards.make(None, api.list_shards()).await?;
            ranges.list(&listed);
            Ok(listed.into_iter().map(|listed| listed.shard).collect())
        }
        .boxed()
    }

    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
        match &self.fan_out {
            Some(consumer) => Box::new(SwitchingFetch::new(Arc::clone(consumer), shard.clone(), from)),
            None => Box::new(PollingFetch::new(Arc::clone(&self.polling), shard.clone(), from)),
        }
    }
}
