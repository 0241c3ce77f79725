//! The shards that this worker holds, and every word it exchanges with the checkpoint store about them.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use crate::checkpoint::{Application, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, WorkerId};
use crate::source::held::Held;
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// How many verbs are under way at a time.
const VERBS: usize = 16;

/// The leases of one worker. Expiry is judged by its own monotonic clock alone: a lease has expired when its row's
/// version did not change for the lease time.
pub(super) struct Leases {
    store: Arc<dyn CheckpointStore>,
    application: Application,
    worker: WorkerId,
    lease_time: Duration,
    pub(super) held: BTreeMap<ShardId, Held>,
    /// The rows of other workers: the version last seen, and since when.
    observed: HashMap<ShardId, (u64, Instant)>,
    /// Since when the store has been failing.
    failing_since: Option<Instant>,
    outage_limit: Duration,
}

impl Leases {
    pub(super) fn new(
        store: Arc<dyn CheckpointStore>,
        application: Application,
        worker: WorkerId,
        lease_time: Duration,
        outage_limit: Duration,
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
        }
    }

    /// Lists the rows of the application.
    pub(super) async fn list(&mut self) -> Result<Vec<LeaseRow>> {
        let listed = bounded(self.lease_time, "list", self.store.list(&self.application)).await;
        self.note(listed)
    }

    /// Claims the shards that are free or whose lease has expired, and returns the leases that were granted.
    pub(super) async fn claim(
        &mut self,
        wanted: Vec<(ShardId, Checkpoint)>,
        rows: &HashMap<ShardId, LeaseRow>,
    ) -> Result<Vec<Lease>> {
        let now = Instant::now();
        let mut claims = Vec::new();
        for (shard, initial) in wanted {
            let owner = rows.get(&shard).and_then(|row| row.owner.as_ref().map(|owner| (owner, row.version)));
            let expired = match owner {
                Some((owner, version)) if *owner != self.worker => match self.expired(&shard, version, now) {
                    Some(version) => Some(version),
                    None => continue,
                },
                _ => None,
            };
            let (application, worker) = (self.application.clone(), self.worker.clone());
            claims.push(Claim { application, shard, worker, expired, initial });
        }
        let (store, limit) = (&self.store, self.lease_time);
        let answers: Vec<_> = stream::iter(claims)
            .map(|claim| async move { bounded(limit, "claim", store.claim(&claim)).await })
            .buffer_unordered(VERBS)
            .collect()
            .await;
        let mut leases = Vec::new();
        for answer in answers {
            leases.extend(self.note(answer)?);
        }
        Ok(leases)
    }

    /// Returns the version to claim by once a row has not changed for the lease time.
    fn expired(&mut self, shard: &ShardId, version: u64, now: Instant) -> Option<u64> {
        let seen = self.observed.entry(shard.clone()).or_insert((version, now));
        if seen.0 != version {
            *seen = (version, now);
        }
        (now.duration_since(seen.1) >= self.lease_time).then_some(version)
    }

    /// Stores the watermarks that moved and renews the leases that want it. A lost lease is let go alone.
    pub(super) async fn write(&mut self) -> Result<()> {
        let due: Vec<(Lease, Checkpoint)> = self
            .held
            .values()
            .filter_map(|held| Some((held.lease.clone(), held.due(self.lease_time / 3)?)))
            .collect();
        let (store, limit) = (&self.store, self.lease_time);
        let answers: Vec<_> = stream::iter(due)
            .map(|(lease, checkpoint)| async move {
                let begun = Instant::now();
                let answer = bounded(limit, "commit", store.commit(&lease, &checkpoint)).await;
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
                    self.held.remove(&shard);
                    self.failing_since = None;
                }
                answer => match self.note(answer) {
                    Ok(lease) => {
                        if let Some(held) = self.held.get_mut(&shard) {
                            held.written(lease, begun);
                        }
                    }
                    Err(error) => outcome = Err(error),
                },
            }
        }
        outcome
    }

    /// Stores that a shard is finished and lets it go. Returns whether it is.
    pub(super) async fn finish(&mut self, shard: &ShardId) -> Result<bool> {
        let Some(held) = self.held.get(shard) else { return Ok(false) };
        let end = Checkpoint { position: Position::End, arrival: held.lease.checkpoint.arrival };
        let committed = bounded(self.lease_time, "commit", self.store.commit(&held.lease, &end)).await;
        match committed {
            Err(error) if is_loss(&error) => {
                self.held.remove(shard);
                Ok(false)
            }
            committed => {
                let lease = self.note(committed)?;
                self.held.remove(shard);
                // A finished shard is nobody's to claim, so a release that fails costs nothing.
                let _ = bounded(self.lease_time, "release", self.store.release(&lease, None)).await;
                Ok(true)
            }
        }
    }

    /// Gives every lease up, so that the next worker need not wait for it to expire.
    pub(super) async fn release(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        let (store, limit) = (&self.store, self.lease_time);
        let leases: Vec<Lease> = self.held.values().map(|held| held.lease.clone()).collect();
        let answers: Vec<_> = stream::iter(leases)
            .map(|lease| async move {
                let to = lease.handoff.as_ref();
                bounded(limit, "release", store.release(&lease, to)).await
            })
            .buffer_unordered(VERBS)
            .collect()
            .await;
        for answer in answers {
            match answer {
                Err(error) if !is_loss(&error) => outcome = Err(error),
                _ => {}
            }
        }
        self.held.clear();
        outcome
    }

    /// Lets a failure of the store pass until it has lasted too long, then returns it as one that is final.
    pub(super) fn tolerate(&self, error: Error) -> Result<()> {
        let lasting = self.failing_since.is_some_and(|since| since.elapsed() >= self.outage_limit);
        let passing = error.is_retryable() || error.kind() == ErrorKind::Store;
        if passing && !lasting {
            tracing::warn!(application = %self.application, %error, "checkpoint store failed; trying again");
            return Ok(());
        }
        Err(error)
    }

    fn note<T>(&mut self, answer: Result<T>) -> Result<T> {
        match &answer {
            Ok(_) => self.failing_since = None,
            Err(_) => {
                self.failing_since.get_or_insert_with(Instant::now);
            }
        }
        answer
    }
}

/// Tells whether an error says that the lease is no longer ours.
fn is_loss(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::LeaseLost | ErrorKind::NotFound)
}

/// Gives a verb the lease time: beyond it an answer is worth nothing.
async fn bounded<T>(limit: Duration, verb: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Timeout, format!("checkpoint store {verb}: no answer within {limit:?}")))
    })
}
