//! How much may pass.

use std::time::Duration;

use super::bucket::Bucket;
use crate::service::Limit;

/// How many records and bytes a [`Throttle`](super::Throttle) lets pass per second, and how much of that at once.
///
/// # Example
///
/// A service that takes 1,000 records and 1 MiB a second:
///
/// ```
/// use headwater::service::{Limit, ThrottleConfig, ThrottleLayer};
///
/// # fn main() -> headwater::Result<()> {
/// let shard = ThrottleConfig::default().records(Limit::per_second(1_000)?).bytes(Limit::per_second(1 << 20)?);
/// let layer = ThrottleLayer::new(shard);
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleConfig {
    records: Limit,
    bytes: Limit,
    burst: Duration,
}

impl ThrottleConfig {
    /// Sets how many records pass per second: unlimited by default.
    pub fn records(mut self, limit: Limit) -> Self {
        self.records = limit;
        self
    }

    /// Sets how many bytes pass per second: unlimited by default.
    pub fn bytes(mut self, limit: Limit) -> Self {
        self.bytes = limit;
        self
    }

    /// Sets how much an idle throttle saves up, as the time that it takes: one second by default, as the Kinesis
    /// limits count. Below a few milliseconds the granularity of the timer costs throughput.
    pub fn burst(mut self, burst: Duration) -> Self {
        self.burst = burst;
        self
    }

    pub(super) fn buckets(&self) -> Option<[Option<Bucket>; 2]> {
        let buckets = [self.records, self.bytes].map(|limit| match limit {
            Limit::Unlimited => None,
            Limit::PerSecond(rate) => Some(Bucket::new(rate, self.burst)),
        });
        buckets.iter().any(Option::is_some).then_some(buckets)
    }
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { records: Limit::Unlimited, bytes: Limit::Unlimited, burst: Duration::from_secs(1) }
    }
}
