//! Seeds and sizes for randomised tests.

use std::env;

/// The seeds that a randomised test runs: `in_ci` of them, from 0, or as many as `cargo xtask soak` asks for.
///
/// `HEADWATER_SEEDS` sets how many, `HEADWATER_FIRST_SEED` the first, so that one seed can be run alone. A test
/// names its seed when it fails.
///
/// # Panics
///
/// When either variable is set to something that is not a number.
pub fn seeds(in_ci: u64) -> impl Iterator<Item = u64> {
    let first = number("HEADWATER_FIRST_SEED").unwrap_or(0);
    let count = number("HEADWATER_SEEDS").unwrap_or(in_ci);
    first..first.saturating_add(count)
}

/// The size of a test that is worth more than CI has time for: `in_ci`, or `full` where `cargo xtask soak` runs it.
pub fn sized(full: usize, in_ci: usize) -> usize {
    if env::var_os("HEADWATER_SEEDS").is_some() { full } else { in_ci }
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {value:?}")))
}
