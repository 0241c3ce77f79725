//! A token bucket that keeps one instant instead of a count of tokens.

use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: fills at a rate up to a burst, and may go into debt.
///
/// All of its state is the time at which it will be full again, so nothing has to be refilled and no fraction of a
/// token is lost to rounding.
///
/// Source: the virtual scheduling form of the [generic cell rate algorithm](https://www.itu.int/rec/T-REC-I.371).
#[derive(Debug)]
pub(super) struct Bucket {
    rate: NonZeroU64,
    burst: Duration,
    full_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(rate: NonZeroU64, burst: Duration) -> Self {
        Self { rate, burst, full_at: None }
    }

    /// Returns how long after `now` the bucket will hold the weight, or be full if the weight is more than it can hold.
    pub(super) fn wait(&self, now: Instant, weight: u64) -> Duration {
        let missing = self.full_at.map_or(Duration::ZERO, |full_at| full_at.duration_since(now));
        let allowed = self.burst.saturating_sub(self.cost(weight));
        missing.saturating_sub(allowed)
    }

    /// Takes the weight out.
    pub(super) fn charge(&mut self, now: Instant, weight: u64) {
        let from = self.full_at.map_or(now, |full_at| full_at.max(now));
        self.full_at = from.checked_add(self.cost(weight)).or(self.full_at);
    }

    /// Returns how long the bucket takes to fill by this weight.
    fn cost(&self, weight: u64) -> Duration {
        let nanos = (u128::from(weight) * 1_000_000_000).div_ceil(u128::from(self.rate.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
