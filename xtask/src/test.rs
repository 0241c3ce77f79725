//! Every test there is.

use crate::examples::examples;
use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::workspace::FEATURES;

/// Runs the unit, integration and doc tests of the whole workspace, then the examples.
#[expect(clippy::unnecessary_wraps, reason = "every task has the same shape")]
pub(crate) fn test() -> Result<Tally, Error> {
    let mut tally =
        cargo_test(Step::cargo().args(["test", "--workspace", "--no-fail-fast", "--features", FEATURES]));
    // What a command without them says of them. Of the whole workspace, so that what it depends on is built already.
    tally += cargo_test(Step::cargo().args(["test", "--workspace", "--test", "cli", "otlp"]));
    tally += examples();
    Ok(tally)
}

/// Runs one `cargo test` and counts its tests. A failure that no test accounts for, such as code that does not
/// compile or a test binary that died, counts as one.
pub(crate) fn cargo_test(step: Step) -> Tally {
    let mut tally = Tally::default();
    let outcome = step.read_lines(|line| {
        if let Some(counted) = Tally::of_line(line) {
            tally += counted;
        }
    });
    if let Err(error) = outcome {
        eprintln!("error: {error}");
        if tally.is_clean() {
            tally += Tally::one(false);
        }
    }
    tally
}
