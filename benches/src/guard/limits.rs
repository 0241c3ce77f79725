//! How much is too much.

use crate::baseline::Baseline;
use crate::guard::case::Found;

/// The most instructions and allocations of a record, whatever the baseline says.
const PUT: (f64, f64) = (7_000.0, 1.0);
const GET: (f64, f64) = (7_000.0, 0.15);
/// How much more than in the baseline there may be.
const SLACK: f64 = 1.1;
/// Allocations that come and go with timing: a batch that is not full, a buffer that grows once more.
const CHANCE: f64 = 0.02;

/// Tells what a job needs too much of.
pub(super) fn excesses(found: &Found, baseline: &Baseline) -> Vec<String> {
    let guard = &*found.guard;
    let fixed = match guard.split('/').next() {
        _ if guard.ends_with("/sdk") => return Vec::new(),
        Some("put") => PUT,
        _ => GET,
    };
    let known = baseline.guards.iter().find(|known| known.guard == guard);
    let limit = |fixed: f64, known: Option<f64>| known.map_or(fixed, |known| fixed.min(known));
    let instructions = limit(fixed.0, known.map(|known| known.instructions * SLACK));
    let allocations = limit(fixed.1, known.map(|known| known.allocations * SLACK + CHANCE));
    let mut excesses = Vec::new();
    if found.instructions > instructions {
        let needs = found.instructions;
        excesses
            .push(format!("{guard}: {needs:.0} instructions a record, where {instructions:.0} are allowed"));
    }
    if found.allocations > allocations {
        let needs = found.allocations;
        excesses
            .push(format!("{guard}: {needs:.3} allocations a record, where {allocations:.3} are allowed"));
    }
    excesses
}

#[cfg(test)]
mod tests {
    use super::excesses;
    use crate::baseline::Baseline;
    use crate::guard::case::Found;

    fn found(instructions: f64, allocations: f64) -> Found {
        Found { guard: "put/json".to_owned(), instructions, sha256: 9_000.0, allocations }
    }

    #[test]
    fn a_job_within_its_limits_is_not_told() {
        assert!(excesses(&found(7_000.0, 1.0), &Baseline::default()).is_empty());
        assert_eq!(excesses(&found(7_001.0, 1.1), &Baseline::default()).len(), 2);
    }

    #[test]
    fn a_tenth_more_than_the_baseline_is_too_much() {
        let baseline = Baseline { guards: vec![found(2_000.0, 0.5)], ..Baseline::default() };
        assert!(excesses(&found(2_199.0, 0.56), &baseline).is_empty());
        assert_eq!(excesses(&found(2_201.0, 0.58), &baseline).len(), 2);
    }

    #[test]
    fn a_baseline_allows_no_more_than_the_limit() {
        let baseline = Baseline { guards: vec![found(9_000.0, 9.0)], ..Baseline::default() };
        assert_eq!(excesses(&found(7_001.0, 1.1), &baseline).len(), 2);
    }
}
