//! The shards that this worker holds, and what becomes of their leases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{Stream, StreamExt};
use metrics::Counter;
use tokio::time::{Instant, timeout};

use crate::checkpoint::{Lease, LeaseWrite, VERBS};
use crate::source::leasing::exchange::{Exchange, Parting, no_answer};
use crate::source::leasing::held::Held;
use crate::source::meters::Meters;
use crate::{Error, ErrorKind, Result, ShardId};

/// The leases of one worker.
pub(in crate::source) struct Leases {
    pub(in crate::source) exchange: Exchange,
    lease_time: Duration,
    pub(in crate::source) held: BTreeMap<ShardId, Held>,
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

impl Leases {
    pub(in crate::source) fn new(
        exchange: Exchange,
        lease_time: Duration,
        outage_limit: Duration,
        meters: &Meters,
    ) -> Self {
        Self {
            exchange,
            lease_time,
            held: BTreeMap::new(),
            failing_since: None,
            outage_limit,
            lost: Vec::new(),
            losses: meters.leases_lost.clone(),
            handed_over: meters.handoffs.clone(),
        }
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
        let (store, limit, begun) = (Arc::clone(&self.exchange.store), self.exchange.limit(), Instant::now());
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
        tracing::warn!(application = %self.exchange.application, %shard, %error, "lease lost");
        self.losses.increment(1);
        self.held.remove(shard);
        self.lost.push(shard.clone());
    }

    /// Forgets a lease that was given up.
    fn let_loose(&mut self, shard: &ShardId) {
        if self.held.remove(shard).is_some_and(|held| held.is_leaving()) {
            self.handed_over.increment(1);
        }
    }

    /// Gives leases up, so that the next worker need not wait for them to expire. Each answer is to be taken in by
    /// [`let_go`](Self::let_go).
    pub(in crate::source) fn part_with(
        &mut self,
        partings: Vec<Parting>,
    ) -> impl Stream<Item = (Lease, Result<()>)> + use<> {
        for Parting { lease, .. } in &partings {
            if let Some(held) = self.held.get_mut(&lease.shard) {
                (held.is_parting, held.was_released) = (true, true);
            }
        }
        self.exchange.give_up(partings)
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
            tracing::warn!(application = %self.exchange.application, %error, "checkpoint store failed; trying again");
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
