//! For how long a worker may hand out what it reads of a shard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time for which a lease is known to be held, by this worker's own monotonic clock.
///
/// A worker that was frozen, or cut off from the store, learns of it here before it has asked the store: by then another may
/// read the shard.
#[derive(Debug)]
pub(in crate::source) struct Tenure {
    began: Instant,
    lease_time: Duration,
    /// When it was last proven, in microseconds since it began.
    proven: AtomicU64,
    /// Set once the shard is to go to another worker: what is not handed out yet is that one's.
    leaving: AtomicBool,
}

impl Tenure {
    /// Begins when the lease was asked for.
    pub(in crate::source) fn new(began: Instant, lease_time: Duration) -> Self {
        Self { began, lease_time, proven: AtomicU64::new(0), leaving: AtomicBool::new(false) }
    }

    /// Says when the write began by which the lease was last renewed.
    pub(in crate::source) fn prove(&self, at: Instant) {
        let since = at.saturating_duration_since(self.began);
        self.proven.store(since.as_micros() as u64, Ordering::Release);
    }

    /// Tells whether no other worker can have taken the lease for expired.
    pub(in crate::source) fn is_sure(&self) -> bool {
        let proven = Duration::from_micros(self.proven.load(Ordering::Acquire));
        self.began.elapsed().saturating_sub(proven) < self.lease_time
    }

    /// Says that nothing more is to be handed out. Who counts what is out says so before, and who hands out counts before it
    /// asks, so one of the two sees the other.
    pub(in crate::source) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    pub(in crate::source) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }
}
