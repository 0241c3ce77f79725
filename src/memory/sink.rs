//! Writes an in-process stream through the batching sink.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower::Service;

use crate::batch::{Batch, BatchResponse, Refused, Routing, ShardRange, ShardScope, Stored};
use crate::memory::MemoryStream;
use crate::memory::stream::hash_of;
use crate::{Error, ErrorKind, HashKey, Key, Result};

/// Stores the entries of a request, as far as the fault switches let it.
impl Service<Batch> for MemoryStream {
    type Response = BatchResponse;
    type Error = Error;
    type Future = Ready<Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        if let Some(error) = self.faults().put(self.name()) {
            return ready(Err(error));
        }
        let outcomes = batch.entries().iter().map(|entry| {
            if self.faults().refuses_entry() {
                return Err(Refused {
                    code: "ProvisionedThroughputExceededException".to_owned(),
                    message: "a fault was asked for".to_owned(),
                    kind: ErrorKind::Throttled,
                });
            }
            let record = self.put(entry.key.clone(), entry.data.clone());
            Ok(Stored { shard: record.shard, sequence: record.sequence })
        });
        ready(Ok(BatchResponse::new(outcomes.collect())))
    }
}

/// A partition key counts by the upper half of its hash key.
impl Routing for MemoryStream {
    fn hash_key(&self, key: &Key) -> HashKey {
        HashKey::new(u128::from(hash_of(key)) << 64)
    }

    fn shard_ranges(&self, scope: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        let mut shards = self.ranges();
        shards.retain(|shard| shard.open || scope == ShardScope::All);
        ready(Ok(shards)).boxed()
    }
}
