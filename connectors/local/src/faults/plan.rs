//! A plan of faults, and the decisions it makes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::fault::{Action, Fault, FaultKind};
use super::scope::Target;
use crate::error::ErrorCode;

/// A seed and the faults to draw with it.
///
/// The short methods each add one [`Fault`] that concerns every call; [`add`](Self::add) takes any.
///
/// ```
/// use headwater_local::{Faults, LocalKinesis};
///
/// let local = LocalKinesis::builder()
///     .stream("orders", 4)
///     .faults(Faults::seeded(42).fail_entries(0.2).lose_answers(0.02).hang(0.01))
///     .build();
/// local.faults().clear();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Faults {
    seed: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// Begins a plan whose decisions follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, faults: Vec::new() }
    }

    /// Adds a fault. Where two could strike one call, the one added first comes first.
    #[expect(clippy::should_implement_trait, reason = "a plan grows by a fault; two plans have no sum")]
    pub fn add(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Fails this fraction of entries: half of those with ProvisionedThroughputExceededException, half with
    /// InternalFailure.
    pub fn fail_entries(self, fraction: f64) -> Self {
        let throttled = fraction / 2.0;
        // The second is drawn among what the first left, so that the fractions add up.
        let failed = if throttled < 1.0 { throttled / (1.0 - throttled) } else { 1.0 };
        self.add(Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).chance(throttled))
            .add(Fault::fail_entries(ErrorCode::InternalFailure).chance(failed))
    }

    /// Answers this fraction of calls with `code`.
    pub fn fail_calls(self, fraction: f64, code: ErrorCode) -> Self {
        self.add(Fault::fail_calls(code).chance(fraction))
    }

    /// Loses the answers of this fraction of calls.
    pub fn lose_answers(self, fraction: f64) -> Self {
        self.add(Fault::lose_answer().chance(fraction))
    }

    /// Holds this fraction of calls back for `delay`.
    pub fn delay(self, fraction: f64, delay: Duration) -> Self {
        self.add(Fault::delay(delay).chance(fraction))
    }

    /// Never answers this fraction of calls.
    pub fn hang(self, fraction: f64) -> Self {
        self.add(Fault::hang().chance(fraction))
    }

    /// Resets the connection of this fraction of calls before they take effect.
    pub fn reset(self, fraction: f64) -> Self {
        self.add(Fault::reset().chance(fraction))
    }

    /// Resets the connections of subscriptions instead of this fraction of their events.
    pub fn disconnect(self, fraction: f64) -> Self {
        self.add(Fault::disconnect().chance(fraction))
    }

    /// Silences subscriptions instead of this fraction of their events.
    pub fn stall(self, fraction: f64) -> Self {
        self.add(Fault::stall().chance(fraction))
    }

    /// Refuses every entry that goes to one shard, as a shard does whose write rate is used up.
    pub fn throttle_shard(self, stream: impl Into<String>, shard_id: impl Into<String>) -> Self {
        let code = ErrorCode::ProvisionedThroughputExceeded;
        self.add(Fault::fail_entries(code).in_shard(stream, shard_id))
    }
}

/// What happens to a call instead of its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Hang,
    Reset,
    Fail(ErrorCode),
}

/// What happens to a call's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Lose,
    Hang,
}

/// What happens to a subscription instead of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventFault {
    Disconnect,
    Stall,
}

/// The faults of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallFaults {
    pub(crate) delay: Duration,
    pub(crate) before: Option<Before>,
    pub(crate) after: Option<After>,
}

/// A plan at work: the faults, and how much each has seen.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    faults: Vec<ArmedFault>,
    fails_entries: bool,
}

#[derive(Debug)]
struct ArmedFault {
    fault: Fault,
    seen: AtomicU64,
    struck: AtomicU64,
}

impl Plan {
    pub(crate) fn new(faults: Faults) -> Self {
        let arm = |fault| ArmedFault { fault, seen: AtomicU64::new(0), struck: AtomicU64::new(0) };
        let faults_armed: Vec<ArmedFault> = faults.faults.into_iter().map(arm).collect();
        let fails_entries =
            faults_armed.iter().any(|armed| armed.fault.action.kind() == FaultKind::FailEntry);
        Self { seed: faults.seed, faults: faults_armed, fails_entries }
    }

    /// Whether any entry can fail. Where none can, entries need not be asked about one by one.
    pub(crate) fn fails_entries(&self) -> bool {
        self.fails_entries
    }

    /// Decides over a call, and reports each fault that strikes.
    pub(crate) fn call(&self, target: Target<'_>, mut struck: impl FnMut(FaultKind)) -> CallFaults {
        let mut decided = CallFaults::default();
        let mut after = None;
        for (index, armed) in self.faults.iter().enumerate() {
            let action = armed.fault.action;
            let of_call = !matches!(action, Action::FailEntry(_) | Action::Disconnect | Action::Stall);
            if !of_call || !armed.fault.scope.matches(target) {
                continue;
            }
            // Drawn even if an earlier fault decided the call already: otherwise that fault would change this
            // one's later decisions.
            if !armed.draws(self.seed, index) {
                continue;
            }
            let blocked = decided.before.is_some();
            match action {
                Action::Delay(delay) => decided.delay += delay,
                Action::Hang if !blocked => decided.before = Some(Before::Hang),
                Action::Reset if !blocked => decided.before = Some(Before::Reset),
                Action::FailCall(code) if !blocked => decided.before = Some(Before::Fail(code)),
                Action::LoseAnswer => after = after.or(Some((After::Lose, action.kind()))),
                Action::HangAnswer => after = after.or(Some((After::Hang, action.kind()))),
                _ => {}
            }
            if matches!(action, Action::Delay(_)) || (!blocked && decided.before.is_some()) {
                struck(action.kind());
            }
        }
        // A call that never takes effect has no answer to lose.
        if let Some((after, kind)) = after
            && decided.before.is_none()
        {
            decided.after = Some(after);
            struck(kind);
        }
        decided
    }

    /// Decides over one entry of a PutRecords request.
    pub(crate) fn entry(&self, target: Target<'_>) -> Option<ErrorCode> {
        let mut decided = None;
        for (index, armed) in self.faults.iter().enumerate() {
            if let Action::FailEntry(code) = armed.fault.action
                && armed.fault.scope.matches(target)
                && armed.draws(self.seed, index)
            {
                decided = decided.or(Some(code));
            }
        }
        decided
    }

    /// Decides over one event of a subscription.
    pub(crate) fn event(&self, target: Target<'_>) -> Option<(EventFault, FaultKind)> {
        let mut decided = None;
        for (index, armed) in self.faults.iter().enumerate() {
            let fault = match armed.fault.action {
                Action::Disconnect => EventFault::Disconnect,
                Action::Stall => EventFault::Stall,
                _ => continue,
            };
            if armed.fault.scope.matches(target) && armed.draws(self.seed, index) {
                decided = decided.or(Some((fault, armed.fault.action.kind())));
            }
        }
        decided
    }
}

impl ArmedFault {
    fn draws(&self, seed: u64, index: usize) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        if seen < self.fault.skip || draw(seed, index as u64, seen) >= self.fault.chance {
            return false;
        }
        let Some(times) = self.fault.times else { return true };
        let more = |struck| (struck < times).then_some(struck + 1);
        self.struck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// Returns a number in 0.0..1.0 that depends on nothing but its arguments.
fn draw(seed: u64, fault: u64, seen: u64) -> f64 {
    let mixed = mix(mix(mix(seed).wrapping_add(fault)).wrapping_add(seen));
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finalizer of SplitMix64. <https://doi.org/10.1145/2714064.2660195>
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    const PUT: Target<'static> = Target {
        operation: Operation::PutRecords,
        stream: Some("orders"),
        shard: Some("shardId-000000000000"),
    };

    fn entries(faults: Faults) -> Vec<Option<ErrorCode>> {
        let plan = Plan::new(faults);
        (0..10_000).map(|_| plan.entry(PUT)).collect()
    }

    #[test]
    fn the_same_seed_decides_the_same() {
        let plan = || Faults::seeded(42).fail_entries(0.2);
        assert_eq!(entries(plan()), entries(plan()));
        assert_ne!(entries(plan()), entries(Faults::seeded(43).fail_entries(0.2)));
    }

    #[test]
    fn a_fraction_is_met_and_shared_between_both_codes() {
        let decided = entries(Faults::seeded(7).fail_entries(0.2));
        let count = |code| decided.iter().filter(|decision| **decision == Some(code)).count();
        let (throttled, failed) =
            (count(ErrorCode::ProvisionedThroughputExceeded), count(ErrorCode::InternalFailure));
        assert!((900..1100).contains(&throttled), "{throttled}");
        assert!((900..1100).contains(&failed), "{failed}");
    }

    #[test]
    fn a_fault_added_later_changes_no_earlier_decision() {
        let alone =
            entries(Faults::seeded(1).add(Fault::fail_entries(ErrorCode::InternalFailure).chance(0.3)));
        let more = Faults::seeded(1)
            .add(Fault::fail_entries(ErrorCode::InternalFailure).chance(0.3))
            .add(Fault::fail_entries(ErrorCode::Throttling).chance(0.5));
        let other = Some(ErrorCode::Throttling);
        let filtered: Vec<_> = entries(more).into_iter().map(|code| code.filter(|_| code != other)).collect();
        assert_eq!(alone, filtered);
    }

    #[test]
    fn skip_and_times_bound_a_fault() {
        let fault = Fault::lose_answer().skip(2).times(1);
        let plan = Plan::new(Faults::seeded(0).add(fault));
        let lost: Vec<bool> = (0..6).map(|_| plan.call(PUT, |_| {}).after.is_some()).collect();
        assert_eq!(lost, [false, false, true, false, false, false]);
    }

    #[test]
    fn delays_add_up_and_the_first_blow_decides() {
        let second = Duration::from_secs(1);
        let plan = Plan::new(
            Faults::seeded(0).delay(1.0, second).delay(1.0, second).reset(1.0).hang(1.0).lose_answers(1.0),
        );
        let decided = plan.call(PUT, |_| {});
        assert_eq!(decided.delay, 2 * second);
        assert_eq!(decided.before, Some(Before::Reset));
    }
}
