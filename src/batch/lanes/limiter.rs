//! How fast one lane sends.

use std::time::Duration;

use tokio::time::Instant;

use crate::batch::lanes::share::{Seen, Share};
use crate::batch::{Allowance, LaneLimit};

/// When a lane that used up its allowance may send again: at the next of these ticks, which are the same for all
/// lanes, so that they share requests instead of sending one each.
const TICK: Duration = Duration::from_millis(50);

/// For how long an idle lane saves its allowance, in seconds. It covers the time between two ticks, with room for a
/// late one.
const SAVED: f64 = 0.25;

/// How fast one lane sends: a token bucket for records and one for bytes, both filled at a share of the configured
/// limit that follows what the shard takes.
///
/// An entry may go while there is a token of both kinds left, and leaves a debt where it takes more; so an entry that
/// is larger than what is ever saved goes too, and the rate holds over time.
pub(in crate::batch) struct Limiter {
    limit: LaneLimit,
    share: Share,
    records: f64,
    bytes: f64,
    filled: Instant,
    /// When the ticks began.
    epoch: Instant,
    /// What throttling says of requests that were sent before this is known already.
    slowed: Instant,
    granted: Granted,
    /// How the limit is shared with other sinks, if it is.
    sharing: Option<Sharing>,
}

/// How a limit is shared.
#[derive(Default)]
struct Sharing {
    asked: bool,
    /// When it may be asked for more.
    not_before: Option<Instant>,
    /// It cannot be asked: the lane goes by its own limit until then.
    alone_until: Option<Instant>,
}

/// For how long a lane goes by its own limit once the shared one could not be asked.
const ALONE: Duration = Duration::from_secs(1);

/// How long the shared limit may take to answer.
pub(in crate::batch) const ANSWER: Duration = Duration::from_secs(1);

/// What the shard took lately, by the half second: the answer to one request says too little.
struct Granted {
    /// When the present half second began.
    since: Instant,
    present: Count,
    before: Count,
}

#[derive(Clone, Copy, Default)]
struct Count {
    records: u64,
    bytes: u64,
    throttled: u64,
}

const HALF: Duration = Duration::from_millis(500);

impl Limiter {
    pub(in crate::batch) fn new(limit: LaneLimit, shared: bool, now: Instant, epoch: Instant) -> Self {
        let saved = if shared { 0.0 } else { SAVED };
        let records = limit.records as f64 * saved;
        let bytes = limit.bytes as f64 * saved;
        let sharing = shared.then(Sharing::default);
        let share = Share::new(limit.ceiling, now);
        let granted = Granted { since: now, present: Count::default(), before: Count::default() };
        Self { limit, share, records, bytes, filled: now, epoch, slowed: epoch, granted, sharing }
    }

    /// Returns how many records and bytes may go now; a debt of either kind is none of both.
    pub(in crate::batch) fn allowance(&mut self, now: Instant) -> (usize, usize) {
        self.fill(now);
        if self.records < 1e-6 || self.bytes < 1e-6 {
            return (0, 0);
        }
        (self.records.ceil() as usize, self.bytes.ceil() as usize)
    }

    pub(in crate::batch) fn take(&mut self, bytes: usize) {
        self.records -= 1.0;
        self.bytes -= bytes as f64;
    }

    /// Returns when entries may go again, if none may now.
    pub(in crate::batch) fn next(&mut self, now: Instant) -> Option<Instant> {
        if self.allowance(now).0 > 0 {
            return None;
        }
        if let Some(Sharing { alone_until: None, not_before, .. }) = &self.sharing {
            // Woken by the grant, or to ask for one.
            return Some(not_before.filter(|not_before| *not_before > now).unwrap_or(now + TICK));
        }
        let share = self.share.at(now);
        let wait = |tokens: f64, rate: u64| (1e-3 - tokens).max(0.0) / (rate as f64 * share);
        let wait = wait(self.records, self.limit.records).max(wait(self.bytes, self.limit.bytes));
        // At least a moment: a wait that rounds to nothing would end on the tick that is now.
        let paid = now + Duration::from_secs_f64(wait.clamp(1e-6, 3600.0));
        let ticks = paid.duration_since(self.epoch).as_nanos().div_ceil(TICK.as_nanos());
        Some(self.epoch + TICK * ticks as u32)
    }

    /// Returns how much to ask the others for, if the limit is shared and little is left: what two ticks need, and the
    /// debt. It is asked once until [`granted`](Self::granted).
    pub(in crate::batch) fn wants(&mut self, now: Instant) -> Option<(LaneLimit, Allowance)> {
        self.fill(now);
        let tick = TICK.as_secs_f64() * self.share.at(now);
        let (records, bytes) = (self.limit.records as f64 * tick, self.limit.bytes as f64 * tick);
        let sharing = self.sharing.as_mut()?;
        let waits = sharing.asked || sharing.not_before.is_some_and(|not_before| now < not_before);
        if waits || (self.records >= records && self.bytes >= bytes) {
            return None;
        }
        sharing.asked = true;
        let wanted = Allowance {
            records: (2.0 * records - self.records).max(1.0),
            bytes: (2.0 * bytes - self.bytes).max(1.0),
        };
        Some((self.limit, wanted))
    }

    /// Takes what the others left; `None` where they could not be asked.
    pub(in crate::batch) fn granted(&mut self, granted: Option<Allowance>, now: Instant) {
        self.fill(now);
        let Some(sharing) = &mut self.sharing else { return };
        sharing.asked = false;
        sharing.not_before = Some(now + TICK);
        if let Some(granted) = granted {
            sharing.alone_until = None;
            self.records += granted.records;
            self.bytes += granted.bytes;
        } else {
            sharing.not_before = Some(now + ALONE);
            // Until the next question is answered, or is not.
            sharing.alone_until = Some(now + ALONE + ANSWER);
        }
    }

    /// Learns that the shard took entries.
    pub(in crate::batch) fn stored(&mut self, entries: usize, bytes: usize, now: Instant) {
        self.granted.roll(now);
        self.granted.present.records += entries as u64;
        self.granted.present.bytes += bytes as u64;
    }

    /// Learns that the shard throttled entries of a request.
    pub(in crate::batch) fn throttled(&mut self, sent: Instant, entries: usize, now: Instant) {
        self.granted.roll(now);
        self.granted.present.throttled += entries as u64;
        if sent < self.slowed {
            return;
        }
        self.slowed = now;
        self.fill(now);
        let seen = Seen { taken: self.granted.part(), granted: self.granted.share_of(self.limit, now) };
        self.share.reduce(seen, now);
    }

    /// Returns the share of the configured limit that the lane sends at.
    pub(in crate::batch) fn share(&self, now: Instant) -> f64 {
        self.share.at(now)
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        self.filled = now;
        let depends = |sharing: &Sharing| sharing.alone_until.is_none_or(|until| until < now);
        if self.sharing.as_ref().is_some_and(depends) {
            return;
        }
        let share = self.share.at(now);
        let fill = |tokens: f64, limit: u64| {
            let rate = limit as f64 * share;
            (tokens + rate * seconds).min((rate * SAVED).max(1.0))
        };
        self.records = fill(self.records, self.limit.records);
        self.bytes = fill(self.bytes, self.limit.bytes);
    }
}

impl Granted {
    fn roll(&mut self, now: Instant) {
        let gone = now.saturating_duration_since(self.since);
        if gone >= HALF {
            self.before = if gone < 2 * HALF { self.present } else { Count::default() };
            self.present = Count::default();
            self.since = now;
        }
    }

    /// Returns which part of what it was sent the shard took.
    fn part(&self) -> f64 {
        let records = (self.present.records + self.before.records) as f64;
        records / (records + (self.present.throttled + self.before.throttled) as f64)
    }

    /// Returns what it took in a second, as a share of a limit.
    fn share_of(&self, limit: LaneLimit, now: Instant) -> f64 {
        let seconds = (HALF + now.saturating_duration_since(self.since)).as_secs_f64();
        let share = |taken: u64, limit: u64| taken as f64 / seconds / limit as f64;
        let records = share(self.present.records + self.before.records, limit.records);
        records.max(share(self.present.bytes + self.before.bytes, limit.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: LaneLimit = LaneLimit { records: 1_000, bytes: 1 << 20, ceiling: 1.0 };

    /// Sends entries of a size as fast as the limiter lets it, and returns how many went in each second.
    fn run(limiter: &mut Limiter, start: Instant, seconds: usize, bytes: usize) -> Vec<usize> {
        let mut sent = vec![0; seconds];
        let mut now = start;
        let end = start + Duration::from_secs(seconds as u64);
        while now < end {
            while limiter.allowance(now).0 > 0 {
                limiter.take(bytes);
                sent[(now - start).as_secs() as usize] += 1;
            }
            now = limiter.next(now).unwrap();
        }
        sent
    }

    #[test]
    fn a_lane_sends_at_its_limit_of_records_or_of_bytes() {
        let start = Instant::now();
        for (bytes, per_second) in [(100, 1_000.0), (10_486, 100.0), (51_200, 20.48), (1 << 20, 1.0)] {
            let mut limiter = Limiter::new(LIMIT, false, start, start);
            let sent = run(&mut limiter, start, 20, bytes);
            let rate = sent[1..].iter().sum::<usize>() as f64 / 19.0;
            assert!((rate / per_second - 1.0).abs() < 0.06, "{bytes} bytes: {rate} a second");
        }
    }

    #[test]
    fn what_is_sent_in_a_second_never_exceeds_the_limit_by_more_than_what_is_saved() {
        let start = Instant::now();
        let mut limiter = Limiter::new(LIMIT, false, start, start);
        let sent = run(&mut limiter, start + Duration::from_mins(1), 10, 100);
        assert!(sent.iter().all(|sent| *sent <= 1_250), "{sent:?}");
    }

    #[test]
    fn answers_to_requests_that_were_sent_before_the_lane_slowed_slow_it_no_more() {
        let start = Instant::now();
        let mut limiter = Limiter::new(LIMIT, false, start, start);
        let later = start + Duration::from_secs(1);
        for _ in 0..4 {
            limiter.throttled(start, 50, later);
        }
        assert!(limiter.share(later) >= 0.5, "{}", limiter.share(later));
        limiter.throttled(later, 50, later + TICK);
        assert!(limiter.share(later + TICK) < 0.5);
    }
}
