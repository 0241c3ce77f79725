//! The engine of a sink alone: queue, chains, lanes, requests and settling, before a service that stores at once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, future, stream};
use headwater::batch::{Batch, BatchResponse, BatchSink, Ordering, Routing, ShardRange, ShardScope, Stored};
use headwater::{Error, HashKey, Key, Message, Result};
use tokio::runtime::Builder;

const MESSAGES: usize = 10_000;

/// As many keys as the budget's jobs have.
const KEYS: usize = 5_000;

/// Shards of the same width.
#[derive(Clone)]
struct Shards(Arc<[ShardRange]>);

impl Shards {
    fn new(count: usize) -> Self {
        let width = u128::MAX / count as u128;
        let shard = |n: usize| {
            let first = HashKey::new(width * n as u128);
            let last = if n + 1 == count { HashKey::MAX } else { HashKey::new(width * (n + 1) as u128 - 1) };
            ShardRange { id: format!("shard-{n}").as_str().into(), first, last, open: true }
        };
        Self((0..count).map(shard).collect())
    }

    fn store(&self, batch: &Batch) -> BatchResponse {
        let outcomes = batch.entries().iter().map(|entry| {
            let hash_key = self.hash_key(&entry.key);
            let shard = &self.0[self.0.partition_point(|shard| shard.last < hash_key)];
            Ok(Stored { shard: shard.id.clone(), sequence: "49590338271490256608559692538361571095".into() })
        });
        BatchResponse::new(outcomes.collect())
    }
}

impl Routing for Shards {
    fn hash_key(&self, key: &Key) -> HashKey {
        let mut hasher = DefaultHasher::new();
        key.partition_key().hash(&mut hasher);
        HashKey::new(u128::from(hasher.finish()) << 64)
    }

    fn shard_ranges(&self, _: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        future::ready(Ok(self.0.to_vec())).boxed()
    }
}

fn send(bencher: Bencher<'_, '_>, shards: usize, ordering: Ordering) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let _inside = runtime.enter();
    let shards = Shards::new(shards);
    let keys: Vec<Key> = (0..KEYS).map(|n| Key::new(format!("customer-{n}"))).collect();
    let payload = Bytes::from(vec![b'x'; 1_000]);
    let message = |n: usize| Ok(Message::keyed(payload.clone(), keys[n % KEYS].clone()));
    let job = || {
        let (service, ranges) = (shards.clone(), shards.0.to_vec());
        let service = tower::service_fn(move |batch| future::ready(Ok::<_, Error>(service.store(&batch))));
        let sink = BatchSink::builder().ordering(ordering).routing(shards.clone(), ranges).build(service);
        ((0..MESSAGES).map(message).collect::<Vec<_>>(), sink.expect("its settings are within range"))
    };
    bencher.counter(ItemsCount::new(MESSAGES)).with_inputs(job).bench_local_values(|(messages, sink)| {
        runtime.block_on(stream::iter(messages).forward(sink)).expect("everything is stored");
    });
}

#[divan::bench(args = [1, 16, 256])]
fn order_per_key(bencher: Bencher<'_, '_>, shards: usize) {
    send(bencher, shards, Ordering::PerKey);
}

#[divan::bench(args = [1, 16, 256])]
fn no_order(bencher: Bencher<'_, '_>, shards: usize) {
    send(bencher, shards, Ordering::None);
}
