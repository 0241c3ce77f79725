//! How often, how long and how fast to retry.

use std::time::Duration;

/// How often, how long and how fast to retry what may succeed when tried again.
///
/// The wait before the n-th retry is `expo_backoff` × 2ⁿ⁻¹ plus a random share of up to as much again, and never
/// more than `expo_backoff_limit`: a fault that hits many callers at once does not bring them all back at once.
///
/// Source: [Exponential backoff and jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater::service::{RetryConfig, RetryLayer};
///
/// let config = RetryConfig::default()
///     .retry_limit(8)
///     .expo_backoff(Duration::from_millis(50))
///     .expo_backoff_limit(Duration::from_secs(2))
///     .deadline(Duration::from_secs(30));
/// assert!(RetryLayer::new(config).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryConfig {
    pub(super) retry_limit: u32,
    pub(super) expo_backoff: Duration,
    pub(super) expo_backoff_limit: Duration,
    pub(super) deadline: Duration,
    pub(super) budget: Option<Budget>,
}

/// What all requests together may spend on retries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    pub(super) per_second: u32,
    pub(super) share: f32,
}

impl RetryConfig {
    /// Sets how many attempts a request gets, the first included: 1 or more, 10 by default.
    pub fn retry_limit(mut self, attempts: u32) -> Self {
        self.retry_limit = attempts;
        self
    }

    /// Sets the shortest wait before the first retry: above zero, 100 ms by default. It doubles with every retry.
    pub fn expo_backoff(mut self, first: Duration) -> Self {
        self.expo_backoff = first;
        self
    }

    /// Sets the longest wait before any retry: `expo_backoff` or more, 5 s by default.
    pub fn expo_backoff_limit(mut self, longest: Duration) -> Self {
        self.expo_backoff_limit = longest;
        self
    }

    /// Sets the time from the call after which no attempt begins: 60 s by default.
    ///
    /// An attempt that runs is not cut short, since whether it was applied would be unknown; a
    /// [`Timeout`](crate::service::Timeout) inside bounds it.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Bounds the retries of all requests of a layer together, so that they cannot melt a service that is down: over
    /// the last 10 s, `per_second` of them for each second, and `share` of the number of calls that succeeded (0 to 10).
    /// A request that finds the budget spent fails at once. Unbounded by default.
    ///
    /// # Example
    ///
    /// Ten a second, and one for every five successes:
    ///
    /// ```
    /// use headwater::service::RetryConfig;
    ///
    /// let config = RetryConfig::default().budget(10, 0.2);
    /// # let _ = config;
    /// ```
    pub fn budget(mut self, per_second: u32, share: f32) -> Self {
        self.budget = Some(Budget { per_second, share });
        self
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            retry_limit: 10,
            expo_backoff: Duration::from_millis(100),
            expo_backoff_limit: Duration::from_secs(5),
            deadline: Duration::from_mins(1),
            budget: None,
        }
    }
}
