//! A shard that this worker holds: its lease, what it is reading, and the task that reads it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoint, Lease};
use crate::source::reader::{FIRST_BACKOFF, LONGEST_BACKOFF, Reading};
use crate::source::{ShardState, ShardStatus};
use crate::{Position, ShardId};

/// A shard that this worker holds. Dropping it ends the reading, and whatever of it is still out counts no more.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) lease: Lease,
    pub(super) reading: Arc<Reading>,
    reader: JoinHandle<()>,
    /// When the row was last known to be written, which is when its lease began anew.
    written: Instant,
    /// Since when commits of this lease have been failing.
    pub(super) failing_since: Option<Instant>,
    /// Where the reading stood at the last restart, and how often it was restarted there.
    restarts: (Position, u32),
}

/// A write of a row that is due.
pub(super) enum Due {
    Commit(Checkpoint),
    /// A renewal names no position: after a lost answer the one known here is older than the stored one.
    Renew,
}

impl Held {
    pub(super) fn new(lease: Lease, reading: Arc<Reading>, reader: JoinHandle<()>, written: Instant) -> Self {
        let restarts = (lease.checkpoint.position.clone(), 0);
        Self { lease, reading, reader, written, failing_since: None, restarts }
    }

    /// Replaces the reading by one that starts anew under the same lease.
    pub(super) fn restart(&mut self, reading: Arc<Reading>, reader: JoinHandle<()>) {
        self.stop_reading();
        self.reading.tracker.revoke();
        self.reading = reading;
        self.reader = reader;
    }

    /// Returns the pause before a restart at a position: it doubles while no restart gets any further.
    pub(super) fn restart_pause(&mut self, position: &Position) -> Duration {
        if self.restarts.0 != *position {
            self.restarts = (position.clone(), 0);
        }
        let tried = self.restarts.1;
        self.restarts.1 += 1;
        if tried == 0 {
            Duration::ZERO
        } else {
            (FIRST_BACKOFF * (1 << (tried - 1).min(10))).min(LONGEST_BACKOFF)
        }
    }

    /// Ends the task. What it has handed out can still be acked.
    pub(super) fn stop_reading(&self) {
        self.reader.abort();
    }

    /// Takes in the row as the store wrote it.
    pub(super) fn written(&mut self, lease: Lease, at: Instant) {
        self.lease = lease;
        self.written = at;
        self.failing_since = None;
    }

    /// Returns which write of the row is due: the watermark moved, or the lease wants renewal.
    pub(super) fn due(&self, renew_after: Duration) -> Option<Due> {
        let watermark = self.reading.tracker.watermark();
        match watermark {
            Some(watermark) if watermark.position > self.lease.checkpoint.position => {
                Some(Due::Commit(watermark))
            }
            _ if self.written.elapsed() >= renew_after => Some(Due::Renew),
            _ => None,
        }
    }

    /// Returns the newest position that everything before is acked for.
    pub(super) fn position(&self) -> Position {
        let watermark = self.reading.tracker.watermark().map(|watermark| watermark.position);
        watermark.map_or_else(
            || self.lease.checkpoint.position.clone(),
            |w| w.max(self.lease.checkpoint.position.clone()),
        )
    }

    /// Tells whether the shard was read to its end and every message is acked.
    pub(super) fn is_finished(&self) -> bool {
        self.reading.children().is_some() && self.position() == Position::End
    }

    /// Tells whether the task ended without a word, which only a panic does.
    pub(super) fn is_dead(&self) -> bool {
        self.reader.is_finished() && self.reading.is_silent()
    }

    pub(super) fn status(&self, parents: &[ShardId]) -> ShardStatus {
        let reading = &self.reading;
        ShardStatus {
            shard: self.lease.shard.clone(),
            state: if reading.is_read() { ShardState::Draining } else { ShardState::Reading },
            parents: parents.to_vec(),
            position: Some(self.lease.checkpoint.position.clone()),
            millis_behind_latest: reading.millis_behind_latest(),
            in_flight: reading.tracker.in_flight(),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop_reading();
        self.reading.tracker.revoke();
    }
}
