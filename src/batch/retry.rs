//! When an entry that was refused is sent again, and when it is given up.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::unsettled::Waiting;

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

    /// Takes out an entry whose backoff is over.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, Waiting)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|backing| (backing.until, backing.waiting))
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

    #[test]
    fn an_entry_is_given_up_after_its_limit_or_its_time() {
        let limited = RetrySettings { limit: Some(2), ..SETTINGS };
        assert!(limited.backoff(2, Duration::ZERO, 0.5).is_some());
        assert!(limited.backoff(3, Duration::ZERO, 0.5).is_none());
        assert!(SETTINGS.backoff(1, Duration::from_mins(2), 0.5).is_none());
    }
}
