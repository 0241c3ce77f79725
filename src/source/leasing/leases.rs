//! The shards that this worker holds, and every word it exchanges with the checkpoint store about them.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt};
use metrics::Counter;
use tokio::time::Instant;

use crate::checkpoint::{Application, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, WorkerId};
use crate::source::leasing::held::{Due, Held};
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// How many verbs are under way at a time.
const VERBS: usize = 16;

/// The leases of one worker. Expiry is judged by its own monotonic clock alone: a lease has expired when its row's
/// version did not change for the lease time.
pub(in crate::source) struct Leases {
    store: Arc<dyn CheckpointStore>,
    application: Application,
    worker: WorkerId,
    lease_time: Duration,
    pub(in crate::source) held: BTreeMap<ShardId, Held>,
    /// The rows of other workers.
    observed: HashMap<ShardId, Observed>,
    /// Since when the store has been failing.
    failing_since: Option<Instant>,
    outage_limit: Duration,
    /// Counts those that others took.
    lost: Counter,
}

/// What was seen of another worker's row.
struct Observed {
    version: u64,
    /// When it was first seen at that version.
    since: Instant,
    /// Whether it was at another one before.
    changed: bool,
}

impl Leases {
    pub(in crate::source) fn new(
        store: Arc<dyn CheckpointStore>,
        application: Application,
        worker: WorkerId,
        lease_time: Duration,
        outage_limit: Duration,
        lost: Counter,
    ) -> Self {
        Self {
            store,
            application,
            worker,
            lease_time,
            held: BTreeMap::new(),
            observed: HashMap::new(),
            failing_since: None,
            outage_limit,
            lost,
        }
    }

    /// Lists the rows of the application.
    pub(in crate::source) async fn list(&mut self) -> Result<Vec<LeaseRow>> {
        let listed = bounded(self.limit(), "list", self.store.list(&self.application)).await;
        self.note(listed)
    }

    /// Claims the shards that are free or whose lease has expired, as many as there is room for, and yields the answers
    /// as they come: a claim that fails or hangs costs its own shard alone. Each is to be [noted](Self::note).
    pub(in crate::source) fn claim(
        &mut self,
        wanted: Vec<(ShardId, Checkpoint)>,
        room: usize,
        rows: &HashMap<ShardId, LeaseRow>,
    ) -> impl Stream<Item = Result<Option<Lease>>> + use<> {
        let now = Instant::now();
        self.observed.retain(|shard, _| rows.contains_key(shard));
        let mut claims = Vec::new();
        for (shard, initial) in wanted {
            let owner = rows.get(&shard).and_then(|row| row.owner.as_ref().map(|owner| (owner, row.version)));
            let expired = match owner {
                Some((owner, version)) if *owner != self.worker => match self.expired(&shard, version, now) {
                    Some(version) => Some(version),
                    None => continue,
                },
                _ => {
                    self.observed.remove(&shard);
                    None
                }
            };
            if claims.len() == room {
                // Those of others are looked at all the same, to know when they expire.
                continue;
            }
            let (application, worker) = (self.application.clone(), self.worker.clone());
            claims.push(Claim { application, shard, worker, expired, initial });
        }
        let (store, limit) = (Arc::clone(&self.store), self.limit());
        stream::iter(claims)
            .map(move |claim| {
                let store = Arc::clone(&store);
                async move { bounded(limit, "claim", store.claim(&claim)).await }
            })
            .buffer_unordered(VERBS)
    }

    /// How long a verb may take: no longer than a renewal of the other leases can wait for it.
    fn limit(&self) -> Duration {
        self.lease_time / 3
    }

    /// Returns the version to claim by once a row has not changed for the lease time.
    fn expired(&mut self, shard: &ShardId, version: u64, now: Instant) -> Option<u64> {
        let first = Observed { version, since: now, changed: false };
        let seen = self.observed.entry(shard.clone()).or_insert(first);
        if seen.version != version {
            *seen = Observed { version, since: now, changed: true };
        }
        (now.duration_since(seen.since) >= self.lease_time).then_some(version)
    }

    /// Tells whether another worker holds a shard, and was seen to be alive within the lease time.
    pub(in crate::source) fn is_elsewhere(&self, shard: &ShardId) -> bool {
        let seen = self.observed.get(shard);
        seen.is_some_and(|seen| seen.changed && seen.since.elapsed() < self.lease_time)
    }

    /// Stores the watermarks that moved and renews the leases that want it. A lost lease is let go alone.
    pub(in crate::source) async fn write(&mut self) -> Result<()> {
        let due: Vec<(Lease, Due)> = self
            .held
            .values()
            .filter_map(|held| {
                let due = held.due(self.lease_time / 3)?;
                Some((held.lease.clone(), due))
            })
            .collect();
        let (store, limit) = (&self.store, self.limit());
        let answers: Vec<_> = stream::iter(due)
            .map(|(lease, due)| async move {
                let begun = Instant::now();
                let answer = match &due {
                    Due::Commit(checkpoint) => {
                        bounded(limit, "commit", store.commit(&lease, checkpoint)).await
                    }
                    Due::Renew => bounded(limit, "renew", store.renew(&lease)).await,
                };
                let answer = answer.map_err(|error| about(error, &lease));
                (lease.shard, begun, answer)
            })
            .buffer_unordered(VERBS)
            .collect()
            .await;
        let mut outcome = Ok(());
        for (shard, begun, answer) in answers {
            match answer {
                Err(error) if is_loss(&error) => {
                    tracing::warn!(application = %self.application, %shard, %error, "lease lost");
                    self.lost.increment(1);
                    self.held.remove(&shard);
                }
                answer => {
                    let Some(held) = self.held.get_mut(&shard) else { continue };
                    match answer {
                        Ok(lease) => held.written(lease, begun),
                        Err(error) => {
                            held.failing_since.get_or_insert_with(Instant::now);
                            outcome = Err(error);
                        }
                    }
                }
            }
        }
        outcome
    }

    /// Stores that shards are finished, lets them go, and returns those that are.
    pub(in crate::source) async fn finish(&mut self, shards: &[ShardId]) -> (Vec<ShardId>, Result<()>) {
        let leases: Vec<Lease> =
            shards.iter().filter_map(|shard| Some(self.held.get(shard)?.lease.clone())).collect();
        let (store, limit) = (&self.store, self.limit());
        let answers: Vec<_> = stream::iter(leases)
            .map(|lease| async move {
                let end = Checkpoint { position: Position::End, arrival: lease.checkpoint.arrival };
                let committed = bounded(limit, "commit", store.commit(&lease, &end)).await;
                if let Ok(lease) = &committed {
                    // A finished shard is nobody's to claim, so a release that fails costs nothing.
                    let _ = bounded(limit, "release", store.release(lease, None)).await;
                }
                let committed = committed.map_err(|error| about(error, &lease));
                (lease.shard, committed)
            })
            .buffer_unordered(VERBS)
            .collect()
            .await;
        let (mut finished, mut outcome) = (Vec::new(), Ok(()));
        for (shard, committed) in answers {
            match committed {
                Ok(_) => {
                    self.held.remove(&shard);
                    finished.push(shard);
                }
                Err(error) if is_loss(&error) => drop(self.held.remove(&shard)),
                Err(error) => outcome = Err(error),
            }
        }
        (finished, outcome)
    }

    /// Gives every lease up, so that the next worker need not wait for it to expire. Those that could not be stay held.
    pub(in crate::source) async fn release(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        let (store, limit) = (&self.store, self.limit());
        let leases: Vec<Lease> = self.held.values().map(|held| held.lease.clone()).collect();
        let answers: Vec<_> = stream::iter(leases)
            .map(|lease| async move {
                let to = lease.handoff.as_ref();
                let released = bounded(limit, "release", store.release(&lease, to)).await;
                (lease.shard.clone(), released.map_err(|error| about(error, &lease)))
            })
            .buffer_unordered(VERBS)
            .collect()
            .await;
        for (shard, released) in answers {
            match released {
                Err(error) if !is_loss(&error) => outcome = Err(error),
                _ => drop(self.held.remove(&shard)),
            }
        }
        outcome
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

    /// Keeps account of since when listings and claims have been failing.
    pub(in crate::source) fn note<T>(&mut self, answer: Result<T>) -> Result<T> {
        match &answer {
            Ok(_) => self.failing_since = None,
            Err(_) => {
                self.failing_since.get_or_insert_with(Instant::now);
            }
        }
        answer
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
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Timeout, format!("checkpoint store {verb}: no answer within {limit:?}")))
    })
}
