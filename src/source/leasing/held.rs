//! A shard that this worker holds: its lease, what it is reading, and the task that reads it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoint, Lease, LeaseRow, LeaseWrite};
use crate::source::meters::ShardMeters;
use crate::source::pages::reader::{FIRST_BACKOFF, LONGEST_BACKOFF};
use crate::source::pages::reading::Reading;
use crate::source::{ReadFrom, ShardState, ShardStatus};
use crate::{Position, ShardId};

/// A shard that this worker holds. Dropping it ends the reading, and whatever of it is still out counts no more.
pub(in crate::source) struct Held {
    pub(in crate::source) lease: Lease,
    pub(in crate::source) reading: Arc<Reading>,
    reader: JoinHandle<()>,
    /// When the row was last known to be written, which is when its lease began anew.
    written: Instant,
    /// Since when commits of this lease have been failing.
    pub(in crate::source) failing_since: Option<Instant>,
    /// Where the reading stood at the last restart, and how often it was restarted there.
    restarts: (ReadFrom, u32),
    /// What was acked of earlier readings under this lease, and may not be stored yet.
    reached: Option<Checkpoint>,
    /// Until when what is out of a shard that another worker asked for is waited for.
    handing: Option<Instant>,
    /// Set while the lease is being given up: no other write is to come between.
    pub(in crate::source) is_parting: bool,
    /// Set once it was tried to give the lease up, which may have been done.
    pub(in crate::source) was_released: bool,
    meters: ShardMeters,
}

impl Held {
    pub(in crate::source) fn new(
        lease: Lease,
        reading: Arc<Reading>,
        reader: JoinHandle<()>,
        written: Instant,
        meters: ShardMeters,
    ) -> Self {
        let restarts = (reading.from.clone(), 0);
        let (failing_since, reached, handing) = (None, None, None);
        Self {
            lease,
            reading,
            reader,
            written,
            failing_since,
            restarts,
            reached,
            handing,
            is_parting: false,
            was_released: false,
            meters,
        }
    }

    /// Takes in its row as it was listed: somebody may have asked for it.
    pub(in crate::source) fn asked_for(&mut self, row: &LeaseRow) {
        let asked = row.handoff.as_ref().filter(|handoff| handoff.token == self.lease.token);
        if let Some(handoff) = asked.filter(|_| row.owner.as_ref() == Some(&self.lease.owner)) {
            self.lease.handoff = Some(handoff.to.clone());
        }
    }

    /// Stops reading because another worker asked for the shard. What is out has until then to be acked.
    pub(in crate::source) fn leave(&mut self, until: Instant) {
        self.stop_reading();
        self.reading.tenure.leave();
        self.reading.tracker.drain();
        self.handing = Some(until);
    }

    /// Tells whether it is being handed over.
    pub(in crate::source) fn is_leaving(&self) -> bool {
        self.handing.is_some()
    }

    /// Tells whether all that was handed out is acked.
    pub(in crate::source) fn is_drained(&self) -> bool {
        self.reading.tracker.in_flight() == 0 && self.reading.tracker.abandoned().is_none()
    }

    /// Tells whether nothing more is waited for before the shard is handed over.
    pub(in crate::source) fn is_handed_over(&self) -> bool {
        self.handing.is_some_and(|until| self.reading.tracker.in_flight() == 0 || Instant::now() >= until)
    }

    /// Replaces the reading by one that starts anew under the same lease.
    pub(in crate::source) fn restart(&mut self, reading: Arc<Reading>, reader: JoinHandle<()>) {
        self.stop_reading();
        self.reached = self.watermark();
        self.reading.tracker.revoke();
        self.reading = reading;
        self.reader = reader;
    }

    /// Returns the pause before a redelivery: it doubles while none gets any further.
    pub(in crate::source) fn restart_pause(&mut self, from: &ReadFrom) -> Duration {
        if self.restarts.0 != *from {
            self.restarts = (from.clone(), 0);
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
    pub(in crate::source) fn stop_reading(&self) {
        self.reader.abort();
    }

    /// Takes in the row as the store wrote it.
    pub(in crate::source) fn written(&mut self, lease: Lease, at: Instant) {
        self.lease = lease;
        self.written = at;
        self.reading.tenure.prove(at);
        self.failing_since = None;
    }

    /// Returns the write of the row that is due: the watermark moved, or the lease wants renewal. That names no position:
    /// after a lost answer the one known here is older than the stored one.
    pub(in crate::source) fn due(&self, renew_after: Duration) -> Option<LeaseWrite> {
        if self.is_parting {
            return None;
        }
        let checkpoint = self.unstored();
        let is_due = checkpoint.is_some() || self.written.elapsed() >= renew_after;
        is_due.then(|| LeaseWrite { lease: self.lease.clone(), checkpoint })
    }

    /// Returns what is to be stored. It never moves back, not by a seek either, so that a commit whose answer was lost is
    /// passed or repeated.
    pub(in crate::source) fn unstored(&self) -> Option<Checkpoint> {
        self.watermark().filter(|watermark| watermark.position > self.lease.checkpoint.position)
    }

    /// Returns the furthest that was acked under this lease.
    fn watermark(&self) -> Option<Checkpoint> {
        let watermarks = self.reached.clone().into_iter().chain(self.reading.tracker.watermark());
        watermarks.max_by(|one, other| one.position.cmp(&other.position))
    }

    /// Tells whether the shard was read to its end and every message is acked.
    pub(in crate::source) fn is_finished(&self) -> bool {
        self.reading.children().is_some() && self.reading.watermark() == Some(Position::End)
    }

    /// Tells whether the last write of the row failed.
    pub(in crate::source) fn is_failing(&self) -> bool {
        self.failing_since.is_some()
    }

    /// Tells whether the task ended without a word, which only a panic does.
    pub(in crate::source) fn is_dead(&self) -> bool {
        !self.is_leaving() && self.reader.is_finished() && self.reading.is_silent()
    }

    /// Tells what is known of the shard, here and to the metrics.
    pub(in crate::source) fn status(&self, parents: &[ShardId], now: SystemTime) -> ShardStatus {
        let reading = &self.reading;
        let is_read = reading.children().is_some() || reading.is_read() || self.is_leaving();
        let oldest = reading.tracker.oldest_out();
        let status = ShardStatus {
            shard: self.lease.shard.clone(),
            state: if is_read { ShardState::Draining } else { ShardState::Reading },
            parents: parents.to_vec(),
            owner: Some(self.lease.owner.clone()),
            position: Some(self.lease.checkpoint.position.clone()),
            millis_behind_latest: reading.millis_behind_latest(),
            in_flight: reading.tracker.in_flight(),
            unacked_for: oldest.as_ref().map(|(_, since)| since.elapsed()),
            oldest_unacked: oldest.map(|(position, _)| position),
            paused: !reading.paused.is_open(),
        };
        self.meters.stands(&status, self.lease.checkpoint.arrival, now);
        status
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop_reading();
        self.reading.tracker.revoke();
    }
}
