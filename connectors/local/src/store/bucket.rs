//! A token bucket that may go into debt.

use super::Timestamp;

/// Tokens that refill at a steady rate, up to one second's worth.
///
/// Taking succeeds when the bucket holds what is asked for, or is full; what is asked beyond that becomes a
/// debt. So a 10 MiB page is served at once and the next calls wait about five seconds, as Kinesis does it.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    tokens: f64,
    filled: Option<Timestamp>,
}

impl Bucket {
    /// Fills up what the time since the last call brought.
    fn refill(&mut self, per_second: f64, now: Timestamp) {
        self.tokens = match self.filled {
            None => per_second,
            Some(filled) => {
                let seconds = now.saturating_sub(filled) as f64 / 1000.0;
                (self.tokens + per_second * seconds).min(per_second)
            }
        };
        self.filled = Some(self.filled.unwrap_or(0).max(now));
    }

    /// Returns whether `amount` could be taken now, without taking it. No rate means no limit.
    pub(crate) fn allows(&mut self, amount: usize, per_second: Option<u32>, now: Timestamp) -> bool {
        let Some(per_second) = per_second.map(f64::from) else { return true };
        self.refill(per_second, now);
        // The margin absorbs what adding fractions of tokens rounds away.
        self.tokens + 1e-6 >= (amount as f64).min(per_second)
    }

    /// Returns after how many milliseconds one could be taken.
    pub(crate) fn delay(&mut self, per_second: Option<u32>, now: Timestamp) -> u64 {
        let Some(rate) = per_second.map(f64::from).filter(|_| !self.allows(1, per_second, now)) else {
            return 0;
        };
        (((1.0 - self.tokens) * 1000.0 / rate).ceil() as u64).max(1)
    }

    /// Takes `amount`, into debt where it must.
    pub(crate) fn take(&mut self, amount: usize, per_second: Option<u32>) {
        if per_second.is_some() {
            self.tokens -= amount as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_gives_one_second_and_refills() {
        let mut bucket = Bucket::default();
        let mut taken = 0;
        while bucket.allows(1, Some(1000), 5_000) {
            bucket.take(1, Some(1000));
            taken += 1;
        }
        assert_eq!(taken, 1000);
        assert!(!bucket.allows(1, Some(1000), 5_000));
        assert!(bucket.allows(500, Some(1000), 5_500));
        assert!(!bucket.allows(501, Some(1000), 5_500));
    }

    #[test]
    fn more_than_a_second_is_served_from_a_full_bucket_and_paid_back() {
        let mut bucket = Bucket::default();
        assert!(bucket.allows(10, Some(2), 0));
        bucket.take(10, Some(2));
        assert!(!bucket.allows(1, Some(2), 4_000));
        assert!(bucket.allows(1, Some(2), 4_500));
    }

    #[test]
    fn a_debt_is_paid_back_after_its_delay_and_not_before() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.delay(Some(1000), 0), 0);
        bucket.take(1500, Some(1000));
        assert_eq!(bucket.delay(Some(1000), 100), 401);
        assert!(!bucket.allows(1, Some(1000), 500));
        assert!(bucket.allows(1, Some(1000), 501));
        assert_eq!(bucket.delay(None, 100), 0);
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let mut bucket = Bucket::default();
        assert!(bucket.allows(usize::MAX, None, 0));
        bucket.take(usize::MAX, None);
        assert!(bucket.allows(1, Some(1), 0));
    }
}
