//! Long runs of the randomised tests.

use clap::Args;

use crate::step::{Error, Step};
use crate::tally::Tally;
use crate::test::cargo_test;

/// Runs the randomised tests over many more seeds than CI does.
#[derive(Args)]
pub(crate) struct Soak {
    /// How many seeds each randomised test runs
    #[arg(long, default_value_t = 50)]
    seeds: u64,

    /// The first seed: the one that a failure printed, to run that one again with `--seeds 1`
    #[arg(long, default_value_t = 0)]
    first: u64,

    /// Only the tests whose name contains this
    filter: Option<String>,
}

impl Soak {
    /// Runs them in release mode and counts what passed and failed.
    #[expect(clippy::unnecessary_wraps, reason = "every task has the same shape")]
    pub(crate) fn run(self) -> Result<Tally, Error> {
        let filter = self.filter.as_deref();
        let mut tally =
            self.run_in(&["--package", "headwater-tests", "--package", "headwater-examples"], filter);
        // What reads hostile answers is private, and among tests that take no seeds.
        tally += self.run_in(&["--package", "headwater-kinesis", "--lib"], Some(filter.unwrap_or("soak")));
        Ok(tally)
    }

    fn run_in(&self, packages: &[&'static str], filter: Option<&str>) -> Tally {
        let step = Step::cargo()
            .args(["test", "--release"])
            .args(packages)
            .args(["--no-fail-fast", "--", "--nocapture"])
            .args(filter)
            .env("HEADWATER_SEEDS", self.seeds.to_string())
            .env("HEADWATER_FIRST_SEED", self.first.to_string())
            .way_out("A seed that failed runs alone with `cargo xtask soak --seeds 1 --first SEED`.");
        cargo_test(step)
    }
}
