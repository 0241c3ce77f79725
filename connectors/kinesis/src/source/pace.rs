//! When a shard may be called again.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits;

/// The longest pause of an idle shard. With it 2,500 of them cost 2,500 calls a second, a fifth of what their pace would,
/// and the first record after a silence is late by no more than this.
const LONGEST_IDLE: Duration = Duration::from_secs(1);
/// The pause of a shard that has been silent is the silence divided by this, so that a record that ends it is late by no
/// more than a tenth of the time that nobody missed it.
const SILENCE_TO_PAUSE: u32 = 10;
/// The first pause after an empty page of an endpoint without read limits: without it a source would spin.
const UNPACED_IDLE: Duration = Duration::from_millis(10);
/// The longest pause of an idle shard of such an endpoint.
const LONGEST_UNPACED_IDLE: Duration = Duration::from_millis(100);
/// The longest interval that throttling widens the pace to.
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);
/// How much of its rate a throttled shard gets back with each call that succeeds: from 0.1 to 5 calls a second, all of
/// it within half a minute.
const RECOVERY: f64 = 0.05;

/// What the pace of a shard is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaceSettings {
    /// The pause from the start of one call to that of the next; `None` where the endpoint has no read limits.
    pub(super) interval: Option<Duration>,
    /// The pause after an empty page at the tip, if longer; `None` to learn it from how idle the shard is.
    pub(super) no_records: Option<Duration>,
}

/// When one shard may be called again, by what its calls brought.
#[derive(Debug)]
pub(super) struct Pace {
    settings: PaceSettings,
    next_call: Instant,
    /// Since when nothing has come.
    silent_since: Option<Instant>,
    /// The part of its rate that throttling left the shard.
    share: f64,
}

impl Pace {
    pub(super) fn new(settings: PaceSettings, first_call: Instant) -> Self {
        Self { settings, next_call: first_call, silent_since: None, share: 1.0 }
    }

    pub(super) fn next_call(&self) -> Instant {
        self.next_call
    }

    /// A call begins. One that fails counts against the quota of the shard like any other.
    pub(super) fn begin(&mut self, called: Instant) {
        self.next_call = called + self.interval();
    }

    /// A call brought a page.
    pub(super) fn read(&mut self, called: Instant, records: usize, bytes: usize, at_tip: bool) {
        self.share = (self.share + RECOVERY).min(1.0);
        let bandwidth = match self.settings.interval {
            // A shard that gave much is throttled for as long as it takes to give it at 2 MiB/s.
            Some(_) => Duration::from_secs_f64(bytes as f64 / limits::GET_BYTES_PER_SECOND),
            None => Duration::ZERO,
        };
        let idle = if records == 0 && at_tip {
            let silence = called - *self.silent_since.get_or_insert(called);
            self.pause_after(silence)
        } else {
            self.silent_since = None;
            Duration::ZERO
        };
        // Shards that began together would go on calling together.
        let jitter = if self.settings.no_records.is_some() { 1.0 } else { 1.0 - fastrand::f64() / 4.0 };
        self.next_call = called + self.interval().max(bandwidth).max(idle.mul_f64(jitter));
    }

    /// A call was throttled: others read the shard too. What is left is halved, and the share of those who are
    /// throttled together grows apart.
    pub(super) fn throttle(&mut self, called: Instant) {
        let least = self.full_interval().div_duration_f64(LONGEST_INTERVAL).min(1.0);
        self.share = (self.share / 2.0).max(least);
        self.next_call = called + self.interval().mul_f64(1.0 + fastrand::f64() / 2.0);
    }

    fn pause_after(&self, silence: Duration) -> Duration {
        match self.settings {
            PaceSettings { no_records: Some(pause), .. } => pause,
            PaceSettings { interval: Some(_), .. } => (silence / SILENCE_TO_PAUSE).min(LONGEST_IDLE),
            PaceSettings { interval: None, .. } => {
                (silence / SILENCE_TO_PAUSE).clamp(UNPACED_IDLE, LONGEST_UNPACED_IDLE)
            }
        }
    }

    fn interval(&self) -> Duration {
        match self.settings.interval {
            None if self.share >= 1.0 => Duration::ZERO,
            _ => self.full_interval().div_f64(self.share),
        }
    }

    /// An endpoint that throttles has limits after all, whatever was said of it.
    fn full_interval(&self) -> Duration {
        let quota = || Duration::from_secs_f64(1.0 / limits::GET_CALLS_PER_SECOND);
        self.settings.interval.unwrap_or_else(quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Duration = Duration::from_millis(200);

    fn pace(interval: Option<Duration>, no_records: Option<Duration>) -> (Pace, Instant) {
        let now = Instant::now();
        (Pace::new(PaceSettings { interval, no_records }, now), now)
    }

    /// Returns the pauses after calls that bring nothing, so many milliseconds after the first of them.
    fn pauses<const N: usize>(pace: &mut Pace, now: Instant, silences: [u64; N]) -> [Duration; N] {
        silences.map(|millis| {
            let called = now + Duration::from_millis(millis);
            pace.read(called, 0, 0, true);
            pace.next_call() - called
        })
    }

    fn assert_pauses<const N: usize>(pauses: [Duration; N], longest: [u64; N], shortest: Duration) {
        for (pause, longest) in pauses.into_iter().zip(longest.map(Duration::from_millis)) {
            assert!(
                (longest.mul_f64(0.75).max(shortest)..=longest).contains(&pause),
                "{pause:?} of {longest:?}"
            );
        }
    }

    #[test]
    fn a_shard_is_called_five_times_a_second_and_read_at_two_mebibytes() {
        let (mut pace, now) = pace(Some(QUOTA), None);
        pace.begin(now);
        assert_eq!(pace.next_call(), now + QUOTA);
        pace.read(now, 1, 1_000, true);
        assert_eq!(pace.next_call(), now + QUOTA);
        pace.read(now, 1, 10 << 20, false);
        assert_eq!(pace.next_call(), now + Duration::from_secs(5));
    }

    #[test]
    fn a_silent_shard_is_called_ever_less_until_its_first_record() {
        let (mut pace, now) = pace(Some(QUOTA), None);
        let pauses_of_silence = pauses(&mut pace, now, [0, 500, 2_000, 5_000, 10_000, 100_000]);
        assert_pauses(pauses_of_silence, [200, 200, 200, 500, 1_000, 1_000], QUOTA);
        let later = now + Duration::from_secs(100);
        pace.read(later, 1, 1, true);
        assert_eq!(pace.next_call(), later + QUOTA);
        assert_eq!(pauses(&mut pace, later, [0, 1_000]), [QUOTA; 2], "the silence begins anew");
    }

    #[test]
    fn an_empty_page_before_the_tip_is_no_sign_of_an_idle_shard() {
        let (mut pace, now) = pace(Some(QUOTA), Some(Duration::from_mins(1)));
        pace.read(now, 0, 0, false);
        assert_eq!(pace.next_call(), now + QUOTA);
    }

    #[test]
    fn shards_that_began_together_do_not_go_on_in_step() {
        let (mut one, now) = pace(Some(QUOTA), None);
        let (mut other, _) = pace(Some(QUOTA), None);
        let silences = [0, 10_000, 20_000, 30_000];
        assert_ne!(pauses(&mut one, now, silences), pauses(&mut other, now, silences));
    }

    #[test]
    fn a_pause_that_was_asked_for_replaces_the_one_that_is_learnt() {
        let (mut slow, now) = pace(Some(QUOTA), Some(Duration::from_secs(5)));
        assert_eq!(pauses(&mut slow, now, [0, 60_000]), [Duration::from_secs(5); 2]);
        let (mut none, now) = pace(Some(QUOTA), Some(Duration::ZERO));
        assert_eq!(pauses(&mut none, now, [0, 60_000]), [QUOTA; 2]);
    }

    #[test]
    fn an_endpoint_without_limits_is_called_at_once_while_it_gives() {
        let (mut pace, now) = pace(None, None);
        pace.read(now, 1, 10 << 20, true);
        assert_eq!(pace.next_call(), now);
        let pauses = pauses(&mut pace, now, [0, 100, 500, 1_000, 10_000]);
        assert_pauses(pauses, [10, 10, 50, 100, 100], Duration::ZERO);
    }

    #[test]
    fn a_rate_below_the_longest_idle_pause_stays() {
        let interval = Duration::from_secs(3);
        let (mut pace, now) = pace(Some(interval), None);
        assert_eq!(pauses(&mut pace, now, [0, 60_000]), [interval; 2]);
    }

    #[test]
    fn a_throttled_shard_is_called_half_as_often_and_gets_its_rate_back_by_and_by() {
        for interval in [Some(QUOTA), None] {
            let (mut pace, now) = pace(interval, None);
            for halved in [400, 800, 1600, 3200, 6400, 10_000, 10_000] {
                pace.throttle(now);
                let pause = pace.next_call() - now;
                let least = Duration::from_millis(halved);
                assert!((least..=least.mul_f64(1.5)).contains(&pause), "{pause:?} after {halved}");
            }
            let mut waited = Duration::ZERO;
            let mut calls = 0;
            while pace.share < 1.0 {
                pace.read(now, 1, 1, true);
                waited += pace.next_call() - now;
                calls += 1;
            }
            assert!((15..=25).contains(&calls), "{calls}");
            assert!(waited < Duration::from_secs(30), "{waited:?}");
        }
    }

    #[test]
    fn a_rate_that_is_lower_than_throttling_makes_it_is_kept() {
        let interval = Duration::from_secs(1000);
        let (mut pace, now) = pace(Some(interval), None);
        pace.throttle(now);
        assert!(pace.next_call() - now <= interval.mul_f64(1.5));
    }
}
