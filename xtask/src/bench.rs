//! The throughput benchmark.

use clap::Args;

use crate::step::{Error, Step};

/// Runs the throughput benchmark.
#[derive(Args)]
pub(crate) struct Bench {
    /// Arguments for the benchmark itself
    #[arg(last = true)]
    args: Vec<String>,
}

impl Bench {
    /// Runs it to its end.
    pub(crate) fn run(self) -> Result<(), Error> {
        Step::cargo()
            .args(["bench", "--package", "headwater-benches", "--bench", "throughput", "--"])
            .args(self.args)
            .run()
    }
}
