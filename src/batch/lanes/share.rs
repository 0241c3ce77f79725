//! How much of its limit a lane may use, learned from throttling.

use std::time::Duration;

use tokio::time::Instant;

/// The least that a lane which is not busy slows down by, and the most.
const GENTLE: f64 = 0.85;
const HARD: f64 = 0.5;

/// A shard that takes this part of what it is sent is near its limit, and is not asked to go slower again before the
/// lane came back from the last time. So throttling that has nothing to do with the rate never adds up.
const NEAR: f64 = 0.75;

/// How much of what a busy shard was seen to grant its lane goes on with. What it does not use the shard saves, and the
/// lane spends it when it probes.
const SAFE: f64 = 0.9;

/// A lane that sends this part of what it may is busy, and throttling says what its shard takes. One that sends less is
/// throttled for another reason.
const BUSY: f64 = 0.8;

/// The least share: a shard that takes nothing at all is asked this often.
const LEAST: f64 = 0.01;

/// How long it takes to come back to the peak, before jitter.
const RETURN: Duration = Duration::from_secs(2);

/// How much of its limit a lane may use: falls when the shard throttles, to just below what a busy shard was seen to grant
/// or else by a factor; comes back quickly to near the peak, stays there for a while, and then probes above it faster and
/// faster, up to the ceiling.
///
/// The curve is that of CUBIC, scaled so that it takes the same time at any rate, with a return time that is drawn
/// anew for each fall, so that several producers of one shard do not probe together.
/// Source: [RFC 9438](https://www.rfc-editor.org/rfc/rfc9438).
pub(in crate::batch) struct Share {
    ceiling: f64,
    /// What it fell to, and when.
    fallen: f64,
    since: Instant,
    /// Where it levels off: what the shard granted, or about where it fell from.
    peak: f64,
    /// When it is back there.
    back: Duration,
    has_fallen: bool,
}

/// What was seen of a shard in the last half second to second.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Seen {
    /// Which part it took of what it was sent.
    pub(in crate::batch) taken: f64,
    /// What it took, as a share of the limit.
    pub(in crate::batch) granted: f64,
}

impl Share {
    pub(in crate::batch) fn new(ceiling: f64, now: Instant) -> Self {
        Self { ceiling, fallen: 1.0, since: now, peak: 1.0, back: RETURN, has_fallen: false }
    }

    pub(in crate::batch) fn at(&self, now: Instant) -> f64 {
        let gone = now.saturating_duration_since(self.since).as_secs_f64() / self.back.as_secs_f64();
        // A fall of nothing, as at the start, still probes.
        let depth = (self.peak - self.fallen).max(self.peak * 0.05);
        (self.peak + depth * (gone - 1.0).powi(3)).clamp(self.fallen.min(self.ceiling), self.ceiling)
    }

    /// Falls, because a shard throttled.
    pub(in crate::batch) fn reduce(&mut self, seen: Seen, now: Instant) {
        let Seen { taken, granted } = seen;
        if taken >= NEAR && now < self.since + self.back && self.has_fallen {
            return;
        }
        let before = self.at(now);
        let is_busy = taken > 0.0 && granted >= before * BUSY * taken;
        if is_busy {
            // It was sent all that the lane may, so what it granted is its limit.
            self.peak = granted.clamp(LEAST, before);
            self.fallen = (granted * SAFE).clamp(LEAST, before);
        } else {
            let factor = taken.clamp(HARD, GENTLE);
            self.fallen = (before * factor).max(granted.min(before)).max(LEAST.min(before));
            // A limit that is far away lies somewhere in between.
            self.peak = if taken >= NEAR { before } else { f64::midpoint(before, self.fallen) };
        }
        self.has_fallen = true;
        self.since = now;
        self.back = RETURN.mul_f64(0.75 + fastrand::f64() / 2.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_falls_at_once_comes_back_and_probes_up_to_the_ceiling() {
        let start = Instant::now();
        for ceiling in [1.0, 2.0] {
            let mut share = Share::new(ceiling, start);
            share.reduce(Seen { taken: 0.0, granted: 0.0 }, start);
            assert!((share.at(start) - 0.5).abs() < 0.01);
            let after = |seconds| share.at(start + Duration::from_secs(seconds));
            let back = share.at(start + share.back);
            assert!((back - 0.75).abs() < 0.01, "back between where it was and where it fell to: {back}");
            assert!((after(60) - ceiling).abs() < 1e-9, "{}", after(60));
        }
    }

    #[test]
    fn a_share_never_falls_to_nothing() {
        let start = Instant::now();
        let mut share = Share::new(1.0, start);
        for _ in 0..100 {
            share.reduce(Seen { taken: 0.0, granted: 0.0 }, start);
        }
        assert!(share.at(start) >= LEAST);
    }
}
