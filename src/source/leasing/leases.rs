//! The shards that this worker holds, and every word it exchanges with the checkpoint store about them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join3;
use futures::stream::{self, Stream, StreamExt};
use metrics::Counter;
use tokio::time::{Instant, sleep, timeout};

use crate::checkpoint::{
    Application, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, LeaseWrite, WorkerId, WorkerRow,
};
use crate::source::leasing::held::Held;
use crate::source::meters::Meters;
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// How many verbs are under way at a time.
const VERBS: usize = 16;

/// The leases of one worker.
pub(in crate::source) struct Leases {
    store: Arc<dyn CheckpointStore>,
    application: Application,
    worker: WorkerId,
    lease_time: Duration,
    pub(in crate::source) held: BTreeMap<ShardId, Held>,
    /// When this worker last announced itself.
    announced: Option<Instant>,
    /// Since when the store has been failing.
    failing_since: Option<Instant>,
    outage_limit: Duration,
    /// Those that others took, since it was last asked.
    pub(in crate::source) lost: Vec<ShardId>,
    /// Counts them.
    losses: Counter,
    /// Counts those that went to others.
    handed_over: Counter,
}

/// A lease that is given up: what is stored last, and whose the shard is then.
pub(in crate::source) struct Parting {
    pub(in crate::source) lease: Lease,
    pub(in crate::source) checkpoint: Option<Checkpoint>,
    pub(in crate::source) to: Option<WorkerId>,
}

impl Parting {
    /// Nobody reads a shard that was read to its end.
    pub(in crate::source) fn at_the_end(lease: Lease) -> Self {
        let end = Checkpoint { position: Position::End, arrival: lease.checkpoint.arrival };
        Self { lease, checkpoint: Some(end), to: None }
    }
}

/// What came of an exchange about the whole application.
pub(in crate::source) struct Around {
    pub(in crate::source) rows: Vec<LeaseRow>,
    pub(in crate::source) workers: Vec<WorkerRow>,
    /// One that cannot be announced is seen by what it holds.
    pub(in crate::source) announced: Result<()>,
}

impl Leases {
    pub(in crate::source) fn new(
        store: Arc<dyn CheckpointStore>,
        application: Application,
        worker: WorkerId,
        lease_time: Duration,
        outage_limit: Duration,
        meters: &Meters,
    ) -> Self {
        Self {
            store,
            application,
            worker,
            lease_time,
            held: BTreeMap::new(),
            announced: None,
            failing_since: None,
            outage_limit,
            lost: Vec::new(),
            losses: meters.leases_lost.clone(),
            handed_over: meters.handoffs.clone(),
        }
    }

    /// Lists the leases and the workers of the application, and announces this one when that is due.
    pub(in crate::source) fn look_around(
        &mut self,
        max_shards: usize,
    ) -> impl Future<Output = Result<Around>> + use<> {
        let is_due = self.announced.is_none_or(|at| at.elapsed() >= self.lease_time / 4);
        if is_due {
            self.announced = Some(Instant::now());
        }
        let (store, application, worker) = self.addressed();
        let limit = self.limit();
        let max_shards = u32::try_from(max_shards).unwrap_or(u32::MAX);
        async move {
            let announce = async {
                if is_due { store.announce(&application, &worker, max_shards).await } else { Ok(()) }
            };
            let (announced, rows, workers) = join3(
                bounded(limit, "announce", announce),
                bounded(limit, "list", store.list(&application)),
                bounded(limit, "workers", store.workers(&application)),
            )
            .await;
            Ok(Around { rows: rows?, workers: workers?, announced })
        }
    }

    /// Lists the workers of the application.
    pub(in crate::source) fn workers(&self) -> impl Future<Output = Result<Vec<WorkerRow>>> + use<> {
        let (store, application, _) = self.addressed();
        let limit = self.limit();
        async move { bounded(limit, "workers", store.workers(&application)).await }
    }

    /// Says that this worker is gone, so that the others share what it leaves at once.
    pub(in crate::source) fn retire(&self) -> impl Future<Output = Result<()>> + use<> {
        let (store, application, worker) = self.addressed();
        let (limit, workers) = (self.limit(), self.workers());
        async move {
            let workers = workers.await?;
            match workers.iter().find(|row| row.worker == worker) {
                Some(row) => bounded(limit, "retire", store.retire(&application, row)).await,
                None => Ok(()),
            }
        }
    }

    /// Removes the rows of workers that are long dead, as far as that is possible: they harm nobody.
    pub(in crate::source) fn bury(&self, dead: Vec<WorkerRow>) -> impl Future<Output = ()> + use<> {
        let (store, application, _) = self.addressed();
        let limit = self.limit();
        async move {
            let bury = async {
                for row in &dead {
                    store.retire(&application, row).await?;
                }
                Ok(())
            };
            if let Err(error) = bounded(limit, "retire", bury).await {
                tracing::warn!(%application, %error, "the rows of workers that are long dead stay");
            }
        }
    }

    /// Claims shards, each by the version by which its lease has expired, if it has, and yields the answers as they come: a
    /// claim that fails or hangs costs its own shard alone. Each begins its lease when it was asked for. What there is no time for is left.
    pub(in crate::source) fn claim(
        &self,
        wanted: Vec<(ShardId, Option<u64>, Checkpoint)>,
    ) -> impl Stream<Item = (Instant, Result<Option<Lease>>)> + use<> {
        let (store, application, worker) = self.addressed();
        let limit = self.limit();
        self.in_time(wanted)
            .map(move |(shard, expired, initial)| {
                let (application, worker) = (application.clone(), worker.clone());
                let (store, claim) =
                    (Arc::clone(&store), Claim { application, shard, worker, expired, initial });
                async move {
                    let begun = Instant::now();
                    (begun, bounded(limit, "claim", store.claim(&claim)).await)
                }
            })
            .buffer_unordered(VERBS)
    }

    /// Asks the owners of shards to hand them over. Whether a request stands the next listing tells.
    pub(in crate::source) fn request(&self, rows: Vec<LeaseRow>) -> impl Future<Output = Result<()>> + use<> {
        let (store, application, worker) = self.addressed();
        let limit = self.limit();
        let asked = self.in_time(rows).map(move |row| {
            let (store, application, worker) = (Arc::clone(&store), application.clone(), worker.clone());
            async move {
                bounded(limit, "request_handoff", store.request_handoff(&application, &row, &worker)).await
            }
        });
        async move {
            let answers: Vec<Result<bool>> = asked.buffer_unordered(VERBS).collect().await;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        }
    }

    /// Yields what is to be done until others want their turn: a store that hangs could keep thousands of verbs waiting.
    fn in_time<T>(&self, wanted: Vec<T>) -> impl Stream<Item = T> + use<T> {
        stream::iter(wanted).take_until(sleep(self.limit()))
    }

    fn addressed(&self) -> (Arc<dyn CheckpointStore>, Application, WorkerId) {
        (Arc::clone(&self.store), self.application.clone(), self.worker.clone())
    }

    /// How long a verb may take: no longer than a renewal of the other leases can wait for it.
    fn limit(&self) -> Duration {
        self.lease_time / 3
    }

    /// Stores the watermarks that moved and renews the leases that want it. A lost lease is let go alone.
    pub(in crate::source) async fn write(&mut self) -> Result<()> {
        // These turns are a third apart at most, and a lease is not to miss one by a hair.
        let renew_after = self.lease_time / 4;
        let mut writes: Vec<LeaseWrite> =
            self.held.values().filter_map(|held| held.due(renew_after)).collect();
        // Should many of them hang, the others have their turn another time, and before those that did.
        fastrand::shuffle(&mut writes);
        let failed = |write: &LeaseWrite| self.held.get(&write.lease.shard).is_some_and(Held::is_failing);
        writes.sort_by_cached_key(failed);
        let (store, limit, begun) = (Arc::clone(&self.store), self.limit(), Instant::now());
        let mut answers = store.write(&writes);
        let mut unanswered = vec![true; writes.len()];
        let mut outcome = Ok(());
        while let Ok(Some((index, answer))) = timeout(limit, answers.next()).await {
            unanswered[index] = false;
            outcome = self.take_in(&writes[index].lease, begun, answer).and(outcome);
        }
        // Those behind them were not begun, and are none the worse.
        let begun_at_most = unanswered.iter().filter(|unanswered| !**unanswered).count() + VERBS;
        let begun_writes = writes.iter().zip(unanswered).take(begun_at_most);
        for (write, _) in begun_writes.filter(|(_, unanswered)| *unanswered) {
            outcome = self.take_in(&write.lease, begun, Err(no_answer("write", limit))).and(outcome);
        }
        outcome
    }

    /// Takes in what came of a write.
    fn take_in(&mut self, lease: &Lease, begun: Instant, answer: Result<Lease>) -> Result<()> {
        let shard = &lease.shard;
        match answer {
            Ok(lease) => {
                if let Some(held) = self.held.get_mut(shard) {
                    held.written(lease, begun);
                }
                Ok(())
            }
            Err(error) if is_loss(&error) => {
                self.lose(shard, &about(error, lease));
                Ok(())
            }
            Err(error) => {
                if let Some(held) = self.held.get_mut(shard) {
                    held.failing_since.get_or_insert_with(Instant::now);
                }
                Err(about(error, lease))
            }
        }
    }

    fn lose(&mut self, shard: &ShardId, error: &Error) {
        if self.held.get(shard).is_none_or(|held| held.was_released) {
            // The answer to that was lost.
            return self.let_loose(shard);
        }
        tracing::warn!(application = %self.application, %shard, %error, "lease lost");
        self.losses.increment(1);
        self.held.remove(shard);
        self.lost.push(shard.clone());
    }

    /// Forgets a lease that was given up.
    fn let_loose(&mut self, shard: &ShardId) {
        if self.held.remove(shard).is_some_and(|held| held.handed_to().is_some()) {
            self.handed_over.increment(1);
        }
    }

    /// Gives leases up, so that the next worker need not wait for them to expire, and yields the answers as they come. What
    /// there is no time for is left.
    pub(in crate::source) fn part_with(
        &mut self,
        partings: Vec<Parting>,
    ) -> impl Stream<Item = (Lease, Result<()>)> + use<> {
        for Parting { lease, .. } in &partings {
            if let Some(held) = self.held.get_mut(&lease.shard) {
                (held.is_parting, held.was_released) = (true, true);
            }
        }
        let (store, limit) = (Arc::clone(&self.store), self.limit());
        self.in_time(partings)
            .map(move |Parting { lease, checkpoint, to }| {
                let store = Arc::clone(&store);
                async move {
                    let answer = part(&*store, limit, &lease, checkpoint.as_ref(), to.as_ref()).await;
                    (lease, answer)
                }
            })
            .buffer_unordered(VERBS)
    }

    /// Lets go of a lease that was given up. One that could not be stays held.
    pub(in crate::source) fn let_go(&mut self, lease: &Lease, answer: Result<()>) -> Result<()> {
        match answer {
            Ok(()) => self.let_loose(&lease.shard),
            Err(error) if is_loss(&error) => self.lose(&lease.shard, &about(error, lease)),
            Err(error) => return Err(about(error, lease)),
        }
        Ok(())
    }

    /// Says that what could not be given up is to be written again.
    pub(in crate::source) fn keep(&mut self) {
        self.held.values_mut().for_each(|held| held.is_parting = false);
    }

    /// Lets a failure of the store pass until it has lasted too long, then returns it as one that is final.
    pub(in crate::source) fn tolerate(&self, error: Error) -> Result<()> {
        let commits = self.held.values().filter_map(|held| held.failing_since);
        let mut since = self.failing_since.into_iter().chain(commits);
        let lasting = since.any(|since| since.elapsed() >= self.outage_limit);
        let passing = error.is_retryable() || error.kind() == ErrorKind::Store;
        if passing && !lasting {
            tracing::warn!(application = %self.application, %error, "checkpoint store failed; trying again");
            return Ok(());
        }
        Err(error)
    }

    /// Keeps account of since when looks around have been failing, in whatever part.
    pub(in crate::source) fn note(&mut self, looked: &Result<()>) {
        match looked {
            Ok(()) => self.failing_since = None,
            Err(_) => {
                self.failing_since.get_or_insert_with(Instant::now);
            }
        }
    }
}

/// Names the shard whose checkpoint an error is about.
fn about(error: Error, lease: &Lease) -> Error {
    error.during(format_args!("checkpoint {} of application {}", lease.shard, lease.application))
}

/// Tells whether an error says that the lease is no longer ours.
fn is_loss(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::LeaseLost | ErrorKind::NotFound)
}

/// Gives a verb a time: it would hold up the others.
pub(in crate::source) async fn bounded<T>(
    limit: Duration,
    verb: &str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(limit, call).await.unwrap_or_else(|_| Err(no_answer(verb, limit)))
}

fn no_answer(verb: &str, limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("checkpoint store {verb}: no answer within {limit:?}"))
}

/// Stores what is to be stored last, and releases.
async fn part(
    store: &dyn CheckpointStore,
    limit: Duration,
    lease: &Lease,
    checkpoint: Option<&Checkpoint>,
    to: Option<&WorkerId>,
) -> Result<()> {
    let Some(checkpoint) = checkpoint else {
        return bounded(limit, "release", store.release(lease, to)).await;
    };
    let lease = bounded(limit, "commit", store.commit(lease, checkpoint)).await?;
    let released = bounded(limit, "release", store.release(&lease, to)).await;
    // A finished shard is nobody's to claim, so a release that fails costs nothing.
    if checkpoint.position == Position::End { Ok(()) } else { released }
}
