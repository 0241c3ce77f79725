//! A store under check, with short names for what the checks do to it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use tokio::sync::Barrier;

use crate::checkpoint::{
    Application, Checkpoint, CheckpointStore, Claim, FencingToken, Handoff, Lease, LeaseRow, WorkerId,
    WorkerRow,
};
use crate::{ErrorKind, Position, Result, ShardId};

/// How many workers contend where workers contend.
pub(super) const WORKERS: usize = 16;

/// A store and an application that nobody used before.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) store: Arc<dyn CheckpointStore>,
    pub(super) application: Application,
}

impl Subject {
    pub(super) fn new(store: Arc<dyn CheckpointStore>) -> Self {
        let name = format!("conformance-{}", uuid::Uuid::new_v4().simple());
        Self { store, application: Application::new(name, "orders") }
    }

    /// Returns the same store seen by another application.
    pub(super) fn of(&self, name: &str, stream: &str) -> Self {
        Self { store: self.store.clone(), application: Application::new(name, stream) }
    }

    /// Makes a claim of the shard that most checks use.
    pub(super) fn claim(&self, name: &str) -> Claim {
        Claim {
            application: self.application.clone(),
            shard: shard(),
            worker: worker(name),
            expired: None,
            initial: Position::Beginning.into(),
        }
    }

    pub(super) async fn ask(&self, claim: &Claim) -> Option<Lease> {
        self.store.claim(claim).await.expect("a claim is granted or refused, it does not fail")
    }

    /// Takes the lease, which must be free for this worker.
    pub(super) async fn hold(&self, name: &str) -> Lease {
        self.ask(&self.claim(name)).await.expect("a lease that is free for the worker is granted")
    }

    /// Takes the lease of an owner that did not renew it.
    pub(super) async fn take_over(&self, name: &str) -> Lease {
        let claim = Claim { expired: Some(self.row().await.version), ..self.claim(name) };
        self.ask(&claim).await.expect("a lease whose version is the one that expired is granted")
    }

    pub(super) async fn renew(&self, lease: &Lease) -> Lease {
        self.store.renew(lease).await.expect("the owner renews")
    }

    pub(super) async fn commit(&self, lease: &Lease, position: Position) -> Lease {
        self.store.commit(lease, &position.into()).await.expect("the owner moves the checkpoint forward")
    }

    pub(super) async fn release(&self, lease: &Lease, to: Option<&str>) {
        let to = to.map(worker);
        self.store.release(lease, to.as_ref()).await.expect("the owner releases");
    }

    pub(super) async fn request(&self, row: &LeaseRow, to: &str) -> bool {
        let to = worker(to);
        let request = self.store.request_handoff(&self.application, row, &to);
        request.await.expect("a request stands or does not, it does not fail")
    }

    pub(super) async fn reset(&self, listed: Option<&LeaseRow>, position: Position) -> bool {
        let (shard, checkpoint) = (shard(), position.into());
        let reset = self.store.reset(&self.application, &shard, listed, &checkpoint);
        reset.await.expect("a reset is done or refused, it does not fail")
    }

    pub(super) async fn announce(&self, name: &str, max_shards: u32) {
        let worker = worker(name);
        let announced = self.store.announce(&self.application, &worker, max_shards);
        announced.await.expect("a worker announces itself");
    }

    pub(super) async fn retire(&self, listed: &WorkerRow) {
        self.store.retire(&self.application, listed).await.expect("a worker is retired, or lives on");
    }

    pub(super) async fn workers(&self) -> Vec<WorkerRow> {
        self.store.workers(&self.application).await.expect("the workers are listed")
    }

    pub(super) async fn list(&self) -> Vec<LeaseRow> {
        self.store.list(&self.application).await.expect("the rows are listed")
    }

    /// Returns the only row.
    pub(super) async fn row(&self) -> LeaseRow {
        let mut rows = self.list().await;
        assert_eq!(rows.len(), 1, "the application has one row");
        rows.remove(0)
    }

    /// Checks that every write with this lease is refused as lost and leaves the row as it is.
    pub(super) async fn refuses_writes_of(&self, lost: &Lease) {
        let before = self.list().await;
        let mut outcomes = vec![("renew", self.store.renew(lost).await.map(drop))];
        for position in [Position::Beginning, after(1), after(1_000_000), Position::End] {
            outcomes.push(("commit", self.store.commit(lost, &position.into()).await.map(drop)));
        }
        for to in [None, Some(&lost.owner), Some(&worker("accomplice"))] {
            outcomes.push(("release", self.store.release(lost, to).await));
        }
        for (verb, outcome) in outcomes {
            assert_kind(outcome, &[ErrorKind::LeaseLost], verb);
        }
        assert_eq!(self.list().await, before, "a write with a lost lease changed the row");
    }
}

/// Runs a task for each of many workers, all at once, and returns what they came to.
pub(super) async fn contend<F, T>(task: impl Fn(String) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(WORKERS));
    let workers = (0..WORKERS).map(|number| {
        let (start, task) = (start.clone(), task(format!("worker-{number}")));
        tokio::spawn(async move {
            start.wait().await;
            task.await
        })
    });
    // Spawned before any is awaited: the barrier needs them all.
    let workers: Vec<_> = workers.collect();
    join_all(workers).await.into_iter().map(|worker| worker.expect("no worker panics")).collect()
}

#[track_caller]
pub(super) fn assert_kind<T>(outcome: Result<T>, allowed: &[ErrorKind], what: &str) {
    match outcome {
        Ok(_) => panic!("{what} was done and must fail as one of {allowed:?}"),
        Err(error) => assert!(
            allowed.contains(&error.kind()),
            "{what} failed as {:?} and must fail as one of {allowed:?}: {error}",
            error.kind(),
        ),
    }
}

pub(super) fn shard() -> ShardId {
    ShardId::new("shardId-000000000000")
}

pub(super) fn worker(name: &str) -> WorkerId {
    WorkerId::new(name)
}

pub(super) fn after(sequence: u64) -> Position {
    Position::After { sequence: sequence.to_string().into(), sub_sequence: None }
}

/// Returns a recent time with as many milliseconds.
pub(super) fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_753_000_000_000 + millis)
}

pub(super) fn checkpoint(position: Position, arrival: Option<SystemTime>) -> Checkpoint {
    Checkpoint { position, arrival }
}

pub(super) fn handoff(to: &str, token: FencingToken) -> Handoff {
    Handoff { to: worker(to), token }
}

/// Returns every kind of position that a store may hold, each greater than the one before it.
pub(super) fn ladder() -> Vec<Position> {
    let after = |sequence: &str, sub_sequence| Position::After { sequence: sequence.into(), sub_sequence };
    // 129 digits that differ in the last one only: a double or a 64-bit integer takes them for equal.
    let long = |last: &str| format!("{}{last}", "49590338271490256608".repeat(7).split_at(128).0);
    vec![
        Position::Beginning,
        Position::At(time(0)),
        Position::At(time(1)),
        Position::At(time(1_000)),
        Position::Latest,
        after("9", Some(0)),
        after("9", Some(2)),
        after("9", Some(10)),
        after("9", Some(u64::from(u32::MAX))),
        after("9", None),
        after("10", Some(0)),
        after("10", None),
        after("49590338271490256608559692538361571095921575989136588898", None),
        after("49590338271490256608559692538361571095921575989136588899", Some(1)),
        after("149590338271490256608559692538361571095921575989136588898", None),
        after(&long("7"), None),
        after(&long("8"), Some(3)),
        after(&long("8"), None),
        Position::End,
    ]
}
