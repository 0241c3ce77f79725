//! One stretch of reading a shard.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::time::Instant;

use crate::checkpoint::{InFlight, Tracker};
use crate::source::handles::gate::Gate;
use crate::source::pages::tenure::Tenure;
use crate::source::{ReadFrom, Shard};
use crate::{OriginShard, Position, ShardId};

/// How far a page was behind the tip of its shard when it was fetched.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Behind {
    /// Where the service told.
    pub(in crate::source) millis: Option<u64>,
    pub(in crate::source) at: Instant,
}

/// One stretch of reading a shard: a claim, a seek, or a restart. What a revoked one has read is not handed out.
#[derive(Debug)]
pub(in crate::source) struct Reading {
    pub(in crate::source) origin: Arc<OriginShard>,
    /// Where it began.
    pub(in crate::source) from: ReadFrom,
    pub(in crate::source) tracker: Tracker,
    /// That of the lease, which may outlive it.
    pub(in crate::source) tenure: Arc<Tenure>,
    /// Closed while the user holds the shard back.
    pub(in crate::source) paused: Arc<Gate>,
    /// Closed while the shard was read to the tip that the back-fill ends with, and others were not.
    pub(in crate::source) ahead: Gate,
    /// How far behind the tip the stream is: as of the last page that was handed out, or of a later empty one.
    behind: Mutex<Option<Behind>>,
    /// Pages fetched that are not wholly handed out.
    pages: AtomicUsize,
    /// Set while fetches fail.
    failing: AtomicBool,
    /// Set when the task ends in any way but a panic.
    done: AtomicBool,
    /// Set once the stream has taken in everything up to the tip.
    tip: AtomicBool,
    /// Set once the stream has taken in everything that was asked for.
    read: AtomicBool,
    /// Set, to the children that the service named, once the stream has taken in the last page.
    children: OnceLock<Vec<Shard>>,
}

impl Reading {
    pub(in crate::source) fn new(
        origin: Arc<OriginShard>,
        from: ReadFrom,
        tenure: Arc<Tenure>,
        paused: Arc<Gate>,
        in_flight: Arc<InFlight>,
    ) -> Self {
        Self {
            origin,
            from,
            tracker: Tracker::counted_in(in_flight),
            tenure,
            paused,
            ahead: Gate::default(),
            behind: Mutex::default(),
            pages: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            done: AtomicBool::new(false),
            tip: AtomicBool::new(false),
            read: AtomicBool::new(false),
            children: OnceLock::new(),
        }
    }

    /// Tells whether nothing holds it back.
    pub(in crate::source) fn is_free(&self) -> bool {
        self.paused.is_open() && self.ahead.is_open()
    }

    /// Tells whether what was read may be handed out now.
    pub(in crate::source) fn may_go_out(&self) -> bool {
        self.is_free() && self.tenure.is_sure()
    }

    /// Tells whether what was read and not handed out is somebody else's to read.
    pub(in crate::source) fn is_over(&self) -> bool {
        self.tracker.is_revoked() || self.tenure.is_leaving()
    }

    /// Waits until nothing holds it back.
    pub(in crate::source) async fn freed(&self) {
        while !self.is_free() {
            self.paused.passed().await;
            self.ahead.passed().await;
        }
    }

    /// A page was fetched that has records to hand out.
    pub(in crate::source) fn fetched(&self, behind: Behind) {
        self.failing.store(false, Ordering::Relaxed);
        self.pages.fetch_add(1, Ordering::AcqRel);
        self.behind().get_or_insert(behind);
    }

    /// A page was fetched that has none.
    pub(in crate::source) fn fetched_nothing(&self, behind: Behind) {
        self.failing.store(false, Ordering::Relaxed);
        if self.pages.load(Ordering::Acquire) == 0 {
            *self.behind() = Some(behind);
        }
    }

    pub(in crate::source) fn fetch_failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// The last record of a page was handed out.
    pub(in crate::source) fn handed_out(&self, behind: Behind) {
        *self.behind() = Some(behind);
        self.pages.fetch_sub(1, Ordering::AcqRel);
    }

    /// Returns how far the stream is behind the tip, in milliseconds, once that is known. It grows while the consumer
    /// leaves pages waiting, the shard is paused, or fetches fail.
    pub(in crate::source) fn millis_behind_latest(&self) -> Option<u64> {
        let behind = (*self.behind())?;
        let waits = self.pages.load(Ordering::Acquire) > 0
            || self.failing.load(Ordering::Relaxed)
            || !self.paused.is_open();
        let since = if waits { behind.at.elapsed().as_millis() as u64 } else { 0 };
        Some(behind.millis? + since)
    }

    /// Returns the position that everything handed out before is acked for.
    pub(in crate::source) fn watermark(&self) -> Option<Position> {
        self.tracker.watermark().map(|watermark| watermark.position)
    }

    /// The stream has taken in the last page of a closed shard.
    pub(in crate::source) fn end(&self, children: Vec<Shard>) {
        self.tracker.finish();
        let _ = self.children.set(children);
    }

    /// Returns the children of a shard whose last page was taken in.
    pub(in crate::source) fn children(&self) -> Option<&[Shard]> {
        self.children.get().map(Vec::as_slice)
    }

    pub(in crate::source) fn reach_tip(&self) {
        self.tip.store(true, Ordering::Release);
    }

    pub(in crate::source) fn is_at_tip(&self) -> bool {
        self.tip.load(Ordering::Acquire)
    }

    pub(in crate::source) fn set_read(&self) {
        self.read.store(true, Ordering::Release);
    }

    /// Tells whether it was read as far as was asked for.
    pub(in crate::source) fn is_read(&self) -> bool {
        self.read.load(Ordering::Acquire)
    }

    pub(in crate::source) fn set_done(&self) {
        self.done.store(true, Ordering::Release);
    }

    /// Tells whether the reader never said that it was done: its last word may still wait in the channel.
    pub(in crate::source) fn is_silent(&self) -> bool {
        !self.done.load(Ordering::Acquire)
    }

    pub(in crate::source) fn shard(&self) -> &ShardId {
        &self.origin.shard
    }

    fn behind(&self) -> MutexGuard<'_, Option<Behind>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
