//! Every test there is.

use clap::Args;

use crate::examples::examples;
use crate::guard::{Building, guard};
use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::wire::Wire;
use crate::workspace::FEATURES;

/// Sets up, then runs every unit, integration and doc test and every example
#[derive(Args)]
pub(crate) struct Test {
    /// Runs every test on each of these ways over the wire, and nothing else [default: every test and example on JSON,
    /// and what rides on the wire on the others too]
    #[arg(long, value_delimiter = ',')]
    wire: Vec<Wire>,
}

impl Test {
    /// Runs the unit, integration and doc tests of the whole workspace, then the examples.
    #[expect(clippy::unnecessary_wraps, reason = "every task has the same shape")]
    pub(crate) fn run(self) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        for wire in &self.wire {
            let on_this = workspace(*wire);
            println!("\nOn {wire:?}: {on_this}");
            tally += on_this;
        }
        if self.wire.is_empty() {
            // With all cores, before another build takes what tests leave of them. What fails is told by the tests.
            let _ = Step::cargo().args(["test", "--workspace", "--no-run", "--features", FEATURES]).run();
            let building = Building::begin();
            tally += workspace(Wire::Json);
            for step in Wire::OTHERS.map(Wire::riders) {
                tally += cargo_test(step);
            }
            // What a command without them says of them. Of the whole workspace, so that what it depends on is built
            // already.
            tally += cargo_test(Step::cargo().args(["test", "--workspace", "--test", "cli", "otlp"]));
            tally += examples();
            tally += guard(building);
        }
        Ok(tally)
    }
}

fn workspace(wire: Wire) -> Tally {
    let step = Step::cargo().args(["test", "--workspace", "--no-fail-fast", "--features", FEATURES]);
    cargo_test(wire.taken_by(step))
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
