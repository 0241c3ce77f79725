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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_lags_behind_the_wall_clock_by_no_millisecond() {
        let clock = Clock { epoch: Duration::from_micros(1_900), started: Instant::now() };
        tokio::time::advance(Duration::from_micros(1_200)).await;
        assert_eq!(clock.now(), 3, "1.9 ms and 1.2 ms later");
    }
}
