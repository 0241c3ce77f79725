//! The words that a worker exchanges with the checkpoint store, each within a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join3;
use futures::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, sleep, timeout};

use crate::checkpoint::{
    Application, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, VERBS, WorkerId, WorkerRow,
};
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// A store as one worker of an application speaks to it.
pub(in crate::source) struct Exchange {
    pub(in crate::source) store: Arc<dyn CheckpointStore>,
    pub(in crate::source) application: Application,
    worker: WorkerId,
    lease_time: Duration,
    /// When this worker last announced itself.
    announced: Option<Instant>,
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

impl Exchange {
    pub(in crate::source) fn new(
        store: Arc<dyn CheckpointStore>,
        application: Application,
        worker: WorkerId,
        lease_time: Duration,
    ) -> Self {
        Self { store, application, worker, lease_time, announced: None }
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
    /// claim that fails or hangs costs its own shard alone. Each begins its lease when it was asked for. What there is no
    /// time for is left.
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
    pub(in crate::source) fn limit(&self) -> Duration {
        self.lease_time / 3
    }

    /// Gives leases up, so that the next worker need not wait for them to expire, and yields the answers as they come. What
    /// there is no time for is left.
    pub(in crate::source) fn give_up(
        &self,
        partings: Vec<Parting>,
    ) -> impl Stream<Item = (Lease, Result<()>)> + use<> {
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
}

/// Gives a verb a time: it would hold up the others.
pub(in crate::source) async fn bounded<T>(
    limit: Duration,
    verb: &str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(limit, call).await.unwrap_or_else(|_| Err(no_answer(verb, limit)))
}

pub(in crate::source) fn no_answer(verb: &str, limit: Duration) -> Error {
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
