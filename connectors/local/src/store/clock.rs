//! One clock for everything that is stored.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub(crate) type Timestamp = u64;

/// Wall-clock time that never goes backwards and stands still where tokio's time is paused.
#[derive(Debug)]
pub(crate) struct Clock {
    /// When it started, after the Unix epoch. Kept whole, because a clock that drops the fraction of its start lags
    /// behind the wall clock, and a reader that starts at its own now would miss what is put within that lag.
    epoch: Duration,
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { epoch, started: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        // Saturates because a handle may be used from a runtime whose time is paused behind this one's.
        let elapsed = Instant::now().saturating_duration_since(self.started);
        (self.epoch + elapsed).as_millis() as u64
    }
}
