//! A stream: its state, its settings and its shards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Change, Consumers, Distribution, Phase, Timestamp, Topology};
use crate::error::{Error, ErrorCode};

/// A stream. What never changes is readable without a lock.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    /// Tells streams of one name apart, so that an iterator or a token of a deleted one is not taken for its
    /// successor's.
    pub(crate) generation: u64,
    pub(crate) on_demand: bool,
    /// Numbers the stream's records.
    pub(crate) counter: AtomicU64,
    /// Counts the records that the stream distributed by itself.
    distributed: AtomicU64,
    state: RwLock<StreamState>,
}

/// What a stream is created with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamSettings {
    pub(crate) shards: usize,
    pub(crate) on_demand: bool,
    pub(crate) distribution: Distribution,
    pub(crate) max_record_kib: u32,
    pub(crate) retention_millis: u64,
}

/// What of a stream changes.
#[derive(Debug)]
pub(crate) struct StreamState {
    pub(crate) phase: Phase,
    pub(crate) topology: Topology,
    pub(crate) consumers: Consumers,
    pub(crate) distribution: Distribution,
    pub(crate) max_record_kib: u32,
    pub(crate) retention_millis: u64,
}

impl Stream {
    pub(crate) fn create(
        name: String,
        arn: String,
        generation: u64,
        settings: StreamSettings,
        now: Timestamp,
        delay: u64,
    ) -> Self {
        let state = StreamState {
            phase: if delay == 0 { Phase::Active } else { Phase::Creating { until: now + delay } },
            topology: Topology::even(settings.shards, now),
            consumers: Consumers::default(),
            distribution: settings.distribution,
            max_record_kib: settings.max_record_kib,
            retention_millis: settings.retention_millis,
        };
        Self {
            name,
            arn,
            created: now,
            generation,
            on_demand: settings.on_demand,
            counter: AtomicU64::new(0),
            distributed: AtomicU64::new(0),
            state: RwLock::new(state),
        }
    }

    /// Reads the state as it is now, after what was due has happened.
    pub(crate) fn state(&self, now: Timestamp) -> RwLockReadGuard<'_, StreamState> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if !state.is_due(now) {
            return state;
        }
        drop(state);
        drop(self.state_mut(now));
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the state for a change, after what was due has happened.
    pub(crate) fn state_mut(&self, now: Timestamp) -> RwLockWriteGuard<'_, StreamState> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.settle(now, || self.next_counter());
        state
    }

    /// Begins a change that `check` finds possible; it takes effect after `delay`. A stream takes one at a
    /// time.
    pub(crate) fn update(
        &self,
        now: Timestamp,
        delay: u64,
        account: &str,
        check: impl FnOnce(&StreamState) -> Result<Change, Error>,
    ) -> Result<(), Error> {
        let mut state = self.state_mut(now);
        if !state.phase.serves() {
            return Err(self.not_active(&state, account));
        }
        let change = check(&state)?;
        if state.phase != Phase::Active {
            return Err(self.not_active(&state, account));
        }
        state.phase = Phase::Updating { until: now + delay, change };
        if delay == 0 {
            state.settle(now, || self.next_counter());
        } else {
            // No task runs for the change: who waits for it must know when to look.
            state.consumers.live().for_each(|signal| signal.wake());
        }
        Ok(())
    }

    pub(crate) fn not_active(&self, state: &StreamState, account: &str) -> Error {
        Error::new(
            ErrorCode::ResourceInUse,
            format!(
                "Stream {} under account {account} not ACTIVE, instead in state {}",
                self.name,
                state.phase.status()
            ),
        )
    }

    pub(crate) fn not_found(&self, account: &str) -> Error {
        Error::not_found(format!("Stream {} under account {account} not found.", self.name))
    }

    pub(crate) fn next_counter(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Chooses the open shard, by its index, of a record that a producer wants at a hash key. A stream that
    /// distributes by itself takes its shards in turn.
    pub(crate) fn route(&self, state: &StreamState, hash_key: impl FnOnce() -> u128) -> usize {
        match state.distribution {
            Distribution::ByKey => state.topology.route(hash_key()),
            Distribution::Auto => {
                let turn = self.distributed.fetch_add(1, Ordering::Relaxed);
                (turn % state.topology.open().len() as u64) as usize
            }
        }
    }
}

impl StreamState {
    /// The time before which nothing is kept.
    pub(crate) fn horizon(&self, now: Timestamp) -> Timestamp {
        now.saturating_sub(self.retention_millis)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.phase.is_due(now)
            || self.consumers.is_due(now)
            || self.topology.next_expiry(self.retention_millis).is_some_and(|at| at <= now)
    }

    fn settle(&mut self, now: Timestamp, mut counter: impl FnMut() -> u64) {
        if self.phase.is_due(now) {
            match self.phase {
                Phase::Creating { .. } => self.phase = Phase::Active,
                Phase::Updating { until, change } => {
                    self.phase = Phase::Active;
                    match change {
                        Change::MaxRecordSize { kib } => self.max_record_kib = kib,
                        Change::Distribution(distribution) => self.distribution = distribution,
                        reshard => self.topology.apply(reshard, until, &mut counter),
                    }
                }
                // The account drops the stream when it next looks it up.
                Phase::Deleting { .. } | Phase::Active => {}
            }
        }
        self.topology.expire(self.horizon(now));
        self.consumers.sweep(now);
    }
}
