//! Waiting for what a server does in its own time.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long it looks before it gives up: far beyond what any server takes, so that a busy machine fails no test.
const LIMIT: Duration = Duration::from_mins(2);

/// Looks until `look` finds something, and returns it. `what` is a sentence about what is waited for.
///
/// # Panics
///
/// When two minutes pass without it.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain: {what}", LIMIT.as_secs());
    }
}
