//! When an entry that was refused is sent again, and when it is given up.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::lanes::unsettled::Waiting;

/// How entries are retried.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetrySettings {
    pub(super) limit: Option<u32>,
    pub(super) expo_backoff: Duration,
    pub(super) expo_backoff_limit: Duration,
    pub(super) time_to_live: Duration,
}

impl RetrySettings {
    /// Returns how long to wait after `attempts` failed ones, the first `age` ago; `None` to give up.
    ///
    /// The wait is the drawn share, 0 to 1, of the exponential bound ("full jitter").
    /// Source: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
    pub(super) fn backoff(&self, attempts: u32, age: Duration, share: f64) -> Option<Duration> {
        if self.limit.is_some_and(|limit| attempts > limit) {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(31);
        let bound = self.expo_backoff.saturating_mul(1 << doublings).min(self.expo_backoff_limit);
        let backoff = bound.mul_f64(share);
        (age + backoff < self.time_to_live).then_some(backoff)
    }
}

/// How many retries there may be for what is stored: one for each stored entry, and a reserve that refills with time.
/// Beyond that a retry waits for the reserve, at most as long as it
/// takes to save it all.
pub(super) struct RetryBudget {
    tokens: f64,
    most: f64,
    per_second: f64,
    filled: Instant,
}

impl RetryBudget {
    /// Makes a budget that refills by `per_second` retries, and saves ten seconds of it.
    pub(super) fn new(per_second: usize, now: Instant) -> Self {
        let per_second = per_second as f64;
        Self { tokens: per_second * 10.0, most: per_second * 10.0, per_second, filled: now }
    }

    /// Takes notice of a stored entry.
    pub(super) fn deposit(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.most);
    }

    /// Takes what one retry costs, and returns how long it has to wait for it.
    pub(super) fn withdraw(&mut self, now: Instant) -> Duration {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        // A debt has a bound too, or else one burst of failures would outlast every entry's time to live.
        let tokens = (self.tokens + seconds * self.per_second).min(self.most) - 1.0;
        self.tokens = tokens.max(-self.most);
        Duration::from_secs_f64((-self.tokens / self.per_second).max(0.0))
    }
}

/// Entries that wait out their backoff, the earliest first.
#[derive(Default)]
pub(super) struct Retries {
    heap: BinaryHeap<Backing>,
    pushed: u64,
}

struct Backing {
    until: Instant,
    // Entries whose backoffs end together go in the order in which they failed.
    turn: u64,
    waiting: Waiting,
}

impl Retries {
    pub(super) fn push(&mut self, until: Instant, waiting: Waiting) {
        self.heap.push(Backing { until, turn: self.pushed, waiting });
        self.pushed += 1;
    }

    /// Returns how many entries were ever pushed.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Takes out an entry whose backoff is over.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Waiting> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|backing| backing.waiting)
    }

    /// Returns when the next backoff is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|backing| backing.until)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    pub(super) fn into_waiting(self) -> impl Iterator<Item = Waiting> {
        self.heap.into_iter().map(|backing| backing.waiting)
    }
}

impl Ord for Backing {
    fn cmp(&self, other: &Self) -> Ordering {
        // Reversed: the heap gives its greatest first.
        (other.until, other.turn).cmp(&(self.until, self.turn))
    }
}

impl PartialOrd for Backing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Backing {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Backing {}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RetrySettings = RetrySettings {
        limit: None,
        expo_backoff: Duration::from_millis(100),
        expo_backoff_limit: Duration::from_secs(10),
        time_to_live: Duration::from_mins(2),
    };

    #[test]
    fn a_backoff_is_drawn_below_its_doubling_bound_and_the_limit() {
        for (attempts, bound) in [(1, 100), (2, 200), (5, 1_600), (8, 10_000), (u32::MAX, 10_000)] {
            let bound = Duration::from_millis(bound);
            let longest = (0..200)
                .map(|_| SETTINGS.backoff(attempts, Duration::ZERO, fastrand::f64()).unwrap())
                .max()
                .unwrap();
            assert!(longest <= bound && longest > bound / 2, "{attempts} attempts: {longest:?}");
        }
    }

    #[tokio::test]
    async fn retries_wait_once_they_outnumber_what_is_stored() {
        let now = Instant::now();
        let mut budget = RetryBudget::new(100, now);
        assert!((0..1_000).all(|_| budget.withdraw(now).is_zero()), "the reserve");
        assert_eq!(budget.withdraw(now), Duration::from_millis(10));
        for _ in 0..1_000 {
            budget.deposit();
            assert!(budget.withdraw(now) <= Duration::from_millis(10), "one retry for each stored entry");
        }
        let storm = (0..1_000).map(|_| budget.withdraw(now)).max().unwrap();
        assert!(storm > Duration::from_secs(9), "{storm:?}");
    }

    #[test]
    fn an_entry_is_given_up_after_its_limit_or_its_time() {
        let limited = RetrySettings { limit: Some(2), ..SETTINGS };
        assert!(limited.backoff(2, Duration::ZERO, 0.5).is_some());
        assert!(limited.backoff(3, Duration::ZERO, 0.5).is_none());
        assert!(SETTINGS.backoff(1, Duration::from_mins(2), 0.5).is_none());
    }
}
