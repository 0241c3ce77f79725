//! Which shard of the stream takes which key.

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::batch::{Routing, ShardRange, ShardScope};
use headwater::{HashKey, Key, Result};

use crate::api::{Api, persist};
use crate::kpl::hash_key;

/// Which shard of the stream takes which key, as ListShards says.
pub(super) struct KinesisRouting(Api);

impl KinesisRouting {
    pub(super) fn new(api: Api) -> Self {
        Self(api)
    }

    /// Lists the open shards for the first time; again while a reshard is half done.
    pub(super) async fn first(&self) -> Result<Vec<ShardRange>> {
        persist(|| async {
            let shards = self.shard_ranges(ShardScope::Open).await?;
            ShardRange::check_cover(&shards).map(|()| shards)
        })
        .await
    }
}

impl Routing for KinesisRouting {
    fn hash_key(&self, key: &Key) -> HashKey {
        hash_key(key)
    }

    fn shard_ranges(&self, scope: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        let api = self.0.clone();
        async move { api.shard_ranges(scope == ShardScope::Open).await }.boxed()
    }
}
