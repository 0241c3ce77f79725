//! The time of day, told by one clock for the whole of a source.

use std::time::SystemTime;

use tokio::time::Instant;

/// The wall clock as it stood once, and the monotonic time since. It never jumps, and stands still where tokio's time is
/// paused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    begun: SystemTime,
    since: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { begun: SystemTime::now(), since: Instant::now() }
    }

    /// Returns when it was started.
    pub(super) fn begun(&self) -> SystemTime {
        self.begun
    }

    pub(super) fn now(&self) -> SystemTime {
        // Saturates because a handle may be used from a runtime whose time is paused behind this one's.
        self.begun + Instant::now().saturating_duration_since(self.since)
    }
}
