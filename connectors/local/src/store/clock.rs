//! One clock for everything that is stored.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub(crate) type Timestamp = u64;

/// Wall-clock time that never goes backwards and stands still where tokio's time is paused.
#[derive(Debug)]
pub(crate) struct Clock {
    epoch: Timestamp,
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        Self { epoch, started: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        // Saturates because a handle may be used from a runtime whose time is paused behind this one's.
        let elapsed = Instant::now().saturating_duration_since(self.started);
        self.epoch + elapsed.as_millis() as u64
    }
}
