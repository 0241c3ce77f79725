//! A checkpoint store in process memory, with fault switches.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, lazy};

use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, WorkerId, WorkerRow,
};
use crate::{Error, ErrorKind, Result, ShardId};

/// Keeps checkpoints in this process, for tests, examples and pipelines that may start over.
///
/// It holds the whole contract of [`CheckpointStore`], and forgets everything when its last clone is dropped.
/// Clones share one state, so that several workers in one process can contend. Its switches make verbs fail as those
/// of a real store do: see [`outage`](Self::outage), [`fail_next`](Self::fail_next) and
/// [`lose_answers`](Self::lose_answers).
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
/// use headwater::Position;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = MemoryCheckpoints::new();
/// let claim = Claim {
///     application: Application::new("billing", "orders"),
///     shard: "shardId-000000000000".into(),
///     worker: WorkerId::unique(),
///     expired: None,
///     initial: Position::Beginning.into(),
/// };
/// let lease = store.claim(&claim).await?.expect("nobody else wants it");
///
/// let done = Position::After { sequence: "7".into(), sub_sequence: None };
/// let lease = store.commit(&lease, &done.clone().into()).await?;
/// assert_eq!(lease.checkpoint.position, done);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryCheckpoints {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    starts: BTreeMap<Application, ApplicationStart>,
    rows: BTreeMap<Application, BTreeMap<ShardId, LeaseRow>>,
    workers: BTreeMap<Application, BTreeMap<WorkerId, WorkerRow>>,
    faults: Faults,
}

#[derive(Default)]
struct Faults {
    outage: bool,
    /// How many of the next verbs are not done, and how they fail.
    fail: Option<(usize, ErrorKind)>,
    /// How many of the next verbs are done without an answer.
    lose: usize,
}

/// What the switches say of one verb.
enum Fate {
    Done,
    NotDone(ErrorKind),
    AnswerLost,
}

impl MemoryCheckpoints {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts or ends an outage: while it lasts every verb fails as `Unavailable` and is not done.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::ErrorKind;
    /// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let store = MemoryCheckpoints::new();
    /// let application = Application::new("billing", "orders");
    ///
    /// store.outage(true);
    /// assert_eq!(store.list(&application).await.unwrap_err().kind(), ErrorKind::Unavailable);
    /// store.outage(false);
    /// assert!(store.list(&application).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn outage(&self, lasts: bool) {
        self.lock().faults.outage = lasts;
    }

    /// Makes the next `verbs` verbs fail with an error of this kind, without being done.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::ErrorKind;
    /// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let store = MemoryCheckpoints::new();
    /// let application = Application::new("billing", "orders");
    ///
    /// store.fail_next(1, ErrorKind::Throttled);
    /// assert!(store.list(&application).await.unwrap_err().is_retryable());
    /// assert!(store.list(&application).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fail_next(&self, verbs: usize, kind: ErrorKind) {
        self.lock().faults.fail = (verbs > 0).then_some((verbs, kind));
    }

    /// Makes the next `verbs` verbs fail as `Timeout` although they are done: their answers are lost.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::{ErrorKind, Position};
    /// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let store = MemoryCheckpoints::new();
    /// let application = Application::new("billing", "orders");
    /// let worker = WorkerId::unique();
    /// let claim = Claim {
    ///     application: application.clone(),
    ///     shard: "shardId-000000000000".into(),
    ///     worker: worker.clone(),
    ///     expired: None,
    ///     initial: Position::Beginning.into(),
    /// };
    ///
    /// store.lose_answers(1);
    /// assert_eq!(store.claim(&claim).await.unwrap_err().kind(), ErrorKind::Timeout);
    /// assert_eq!(store.list(&application).await?[0].owner, Some(worker));
    /// # Ok(())
    /// # }
    /// ```
    pub fn lose_answers(&self, verbs: usize) {
        self.lock().faults.lose = verbs;
    }

    /// Does one verb, whole, when its future is first polled.
    fn verb<'a, T: Send + 'a>(
        &'a self,
        name: &'static str,
        application: &'a Application,
        apply: impl FnOnce(&mut State) -> Result<T> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        let failure = move |kind, what| Err(Error::new(kind, format!("{name} of {application}: {what}")));
        lazy(move |_| {
            let mut state = self.lock();
            match state.faults.decide() {
                Fate::Done => apply(&mut state),
                Fate::NotDone(kind) => failure(kind, "the memory store was told to fail"),
                Fate::AnswerLost => {
                    let _lost = apply(&mut state);
                    failure(ErrorKind::Timeout, "the memory store was told to lose its answer")
                }
            }
        })
        .boxed()
    }

    /// Does one verb on the row of a lease.
    fn row_verb<'a, T: Send + 'a>(
        &'a self,
        name: &'static str,
        application: &'a Application,
        shard: &'a ShardId,
        apply: impl FnOnce(&mut LeaseRow) -> Result<T> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        self.verb(name, application, move |state| {
            let row = state.rows.get_mut(application).and_then(|rows| rows.get_mut(shard));
            apply(row.ok_or_else(|| LeaseRow::missing(name, application, shard))?)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No verb panics half-way, so a poisoned lock guards a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    fn decide(&mut self) -> Fate {
        if self.outage {
            return Fate::NotDone(ErrorKind::Unavailable);
        }
        if let Some((left, kind)) = self.fail {
            self.fail = (left > 1).then_some((left - 1, kind));
            return Fate::NotDone(kind);
        }
        if self.lose > 0 {
            self.lose -= 1;
            return Fate::AnswerLost;
        }
        Fate::Done
    }
}

impl CheckpointStore for MemoryCheckpoints {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        self.verb("record the start", application, move |state| {
            Ok(state.starts.entry(application.clone()).or_insert(proposed).clone())
        })
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        self.verb("claim a lease", &claim.application, |state| {
            let rows = state.rows.entry(claim.application.clone()).or_default();
            Ok(match rows.entry(claim.shard.clone()) {
                Entry::Occupied(mut row) => row.get_mut().claim(claim),
                Entry::Vacant(vacant) => {
                    let (row, lease) = LeaseRow::create(claim);
                    vacant.insert(row);
                    Some(lease)
                }
            })
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        self.row_verb("renew the lease", &lease.application, &lease.shard, |row| row.renew(lease))
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        self.row_verb("commit a checkpoint", &lease.application, &lease.shard, |row| {
            row.commit(lease, checkpoint)
        })
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        self.row_verb("release the lease", &lease.application, &lease.shard, move |row| {
            row.release(lease, to)
        })
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        self.row_verb("request a hand-off", application, &row.shard, move |stored| {
            Ok(stored.request_handoff(row, to))
        })
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        self.verb("list the leases", application, |state| {
            let rows = state.rows.get(application);
            Ok(rows.into_iter().flat_map(BTreeMap::values).cloned().collect())
        })
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        self.verb("reset a checkpoint", application, move |state| {
            let rows = state.rows.entry(application.clone()).or_default();
            let stored = rows.get(shard);
            let as_listed = stored.map(|row| row.version) == listed.map(|row| row.version);
            if as_listed {
                let row = stored.cloned();
                let row = row.map_or_else(|| LeaseRow::free(shard, checkpoint), |row| row.reset(checkpoint));
                rows.insert(shard.clone(), row);
            }
            Ok(as_listed)
        })
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        self.verb("look for the start", application, |state| Ok(state.starts.get(application).cloned()))
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        self.verb("announce a worker", application, move |state| {
            let workers = state.workers.entry(application.clone()).or_default();
            let new = WorkerRow { worker: worker.clone(), version: 0, max_shards };
            let row = workers.entry(worker.clone()).or_insert(new);
            row.version += 1;
            row.max_shards = max_shards;
            Ok(())
        })
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        self.verb("list the workers", application, |state| {
            let workers = state.workers.get(application);
            Ok(workers.into_iter().flat_map(BTreeMap::values).cloned().collect())
        })
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        self.verb("retire a worker", application, |state| {
            let workers = state.workers.entry(application.clone()).or_default();
            if workers.get(&listed.worker).is_some_and(|row| row.version == listed.version) {
                workers.remove(&listed.worker);
            }
            Ok(())
        })
    }
}

impl fmt::Debug for MemoryCheckpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leases: usize = self.lock().rows.values().map(BTreeMap::len).sum();
        f.debug_struct("MemoryCheckpoints").field("leases", &leases).finish_non_exhaustive()
    }
}
