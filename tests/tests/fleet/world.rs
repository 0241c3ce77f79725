//! A stream of numbers, the store of its checkpoints, and the workers that share it.

use std::collections::HashMap;
use std::time::Duration;

use headwater::checkpoint::Application;
use headwater::{Position, ShardId};
use headwater_local::{LocalKinesis, Server, ShardInfo, StoredRecord};
use headwater_tests::{Fleet, StoreKind, StoreServer, TestStore, WorkerJob, eventually};
use tokio::sync::{Mutex, MutexGuard};

use crate::stored::Stored;

/// What they promise has to do with time, and the machine has few cores: one fleet at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The stream that all these tests read.
pub(crate) const STREAM: &str = "orders";

/// Where a number lies.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) shard: ShardId,
    pub(crate) position: Position,
}

/// A stream, its store, and its workers.
pub(crate) struct World {
    /// Before the store and the server, which they use.
    pub(crate) fleet: Fleet,
    pub(crate) stored: Stored,
    pub(crate) store: TestStore,
    pub(crate) server: Server,
    /// Where each number lies, by the number.
    pub(crate) entries: Vec<Entry>,
    /// The parents of each shard that has some.
    pub(crate) parents: HashMap<ShardId, Vec<ShardId>>,
    pub(crate) lease_time: Duration,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    /// Makes a stream of so many shards and an empty store. There are no workers yet.
    pub(crate) async fn new(kind: StoreKind, shards: usize, job: impl FnOnce(&mut WorkerJob)) -> Self {
        let alone = ALONE.lock().await;
        let server = LocalKinesis::builder().stream(STREAM, shards).serve().await.unwrap();
        // A thread may block until a server of the store answers.
        let store = tokio::task::spawn_blocking(move || TestStore::new(kind)).await.unwrap();
        let mut settings = WorkerJob {
            url: server.endpoint_url(),
            stream: STREAM.to_owned(),
            application: "fleet".to_owned(),
            store: store.spec(),
            worker: String::new(),
            lease_time: Duration::from_secs(if is_slow(kind) { 2 } else { 1 }),
            commit_interval: Duration::from_millis(100),
            hold: Duration::ZERO,
            in_hand: 1_000,
            sink: None,
        };
        job(&mut settings);
        let application = Application::new(settings.application.as_str(), STREAM);
        let stored = Stored::watch(&settings.store, application).await;
        let lease_time = settings.lease_time;
        let fleet = Fleet::new(env!("CARGO_BIN_EXE_worker"), settings);
        let (entries, parents) = (Vec::new(), HashMap::new());
        Self { fleet, stored, store, server, entries, parents, lease_time, _alone: alone }
    }

    fn local(&self) -> &LocalKinesis {
        self.server.local()
    }

    /// Puts so many numbers, over all shards that are open.
    pub(crate) fn put(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.entries.len();
            let stored = self.local().put(STREAM, &format!("key-{}", number % 97), number.to_string());
            self.note(&stored.expect("it is stored"));
        }
    }

    /// Puts one number into each open shard.
    pub(crate) fn put_everywhere(&mut self) {
        for shard in self.open() {
            let number = self.entries.len().to_string();
            let stored = self.local().put_at(STREAM, "key", shard.starting_hash_key, number);
            self.note(&stored.expect("it is stored"));
        }
    }

    fn note(&mut self, stored: &StoredRecord) {
        let shard = stored.shard_id.as_str().into();
        let sequence = stored.sequence_number.as_str().into();
        self.entries.push(Entry { shard, position: Position::After { sequence, sub_sequence: None } });
    }

    /// Splits an open shard.
    pub(crate) fn split(&mut self, rng: &mut fastrand::Rng) {
        let open = self.open();
        let shard = &open[rng.usize(..open.len())].shard_id;
        let children = self.local().split_shard(STREAM, shard).expect("an open shard can be split");
        for child in children {
            self.parents.insert(child.as_str().into(), vec![shard.as_str().into()]);
        }
    }

    /// Merges two neighbours.
    pub(crate) fn merge(&mut self, rng: &mut fastrand::Rng) {
        let open = self.open();
        let low = rng.usize(..open.len() - 1);
        let (low, high) = (open[low].shard_id.as_str(), open[low + 1].shard_id.as_str());
        let child = self.local().merge_shards(STREAM, low, high).expect("neighbours can be merged");
        self.parents.insert(child.as_str().into(), vec![low.into(), high.into()]);
    }

    /// The open shards by their hash keys.
    pub(crate) fn open(&self) -> Vec<ShardInfo> {
        let mut shards = self.local().shards(STREAM).expect("the stream exists");
        shards.retain(|shard| shard.is_open);
        shards.sort_unstable_by_key(|shard| shard.starting_hash_key);
        shards
    }

    /// Freezes a worker, though not in the middle of a transaction on a file, which would shut out all the others.
    pub(crate) fn freeze(&mut self, worker: &str) {
        self.fleet.freeze(worker);
        while !self.store.is_free() {
            self.fleet.wake(worker);
            self.fleet.freeze(worker);
        }
    }

    /// Waits until every number is stored as done.
    pub(crate) async fn all_is_stored(&self) {
        eventually("every number is stored as done", async || {
            self.check_failures();
            let rows = self.stored.rows();
            let is_stored = |entry: &Entry| {
                rows.get(&entry.shard).is_some_and(|row| row.checkpoint.position >= entry.position)
            };
            self.entries.iter().all(is_stored).then_some(())
        })
        .await;
    }

    /// Fails if a worker ended with an error.
    pub(crate) fn check_failures(&self) {
        let failures = self.fleet.ledger().failures();
        assert!(failures.is_empty(), "{failures:?}");
    }
}

/// Amazon's own takes half a second for some answers on a machine that is busy, which is too much of a second's lease.
fn is_slow(kind: StoreKind) -> bool {
    kind == StoreKind::Server(StoreServer::DynamoDbLocal)
}
