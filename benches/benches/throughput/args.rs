//! The command line.

use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::job::Job;

/// How much less `--quick` does.
const QUICK: usize = 10;

/// The command line.
#[derive(Parser)]
#[command(about = "Measures what a record costs the client, beside a bare loop over the AWS SDK")]
pub(crate) struct Args {
    /// How many messages a job sends or reads
    #[arg(long, env = "HEADWATER_BENCH_RECORDS", default_value_t = 50_000)]
    records: usize,
    /// How often each job runs on each side
    #[arg(long, env = "HEADWATER_BENCH_ROUNDS", default_value_t = 3)]
    rounds: usize,
    /// One round of a tenth of the records: shows that everything works, and no figure to rely on
    #[arg(long)]
    quick: bool,
    /// Runs only the jobs whose name, such as `source/json`, contains this
    #[arg(long)]
    only: Option<String>,
    /// Runs one side alone, as under a profiler
    #[arg(long)]
    side: Option<Side>,
    /// Worker threads of the client [default: one for each core]
    #[arg(long)]
    threads: Option<usize>,
    /// Writes every figure of every round to this file
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Serves the endpoint instead, until standard input ends
    #[arg(long, hide = true)]
    pub(crate) serve: bool,
    /// Given by `cargo bench`; without it, as in `cargo test --benches`, the run is a quick one
    #[arg(long, hide = true)]
    bench: bool,
}

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// A bare loop over `aws-sdk-kinesis`.
    Sdk,
    /// Headwater.
    Headwater,
}

impl Args {
    /// Returns how many messages a job sends or reads.
    pub(crate) fn records(&self) -> usize {
        if self.is_quick() { (self.records / QUICK).max(1) } else { self.records }
    }

    /// Returns how often each job runs on each side.
    pub(crate) fn rounds(&self) -> usize {
        if self.is_quick() { 1 } else { self.rounds.max(1) }
    }

    /// Returns the worker threads of the client.
    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| available_parallelism().map_or(1, Into::into)).max(1)
    }

    /// Returns the sides that run, in the order of a round.
    pub(crate) fn sides(&self) -> Vec<Side> {
        self.side.map_or_else(|| vec![Side::Sdk, Side::Headwater], |side| vec![side])
    }

    /// Returns the jobs that run.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        let asked = |job: &Job| self.only.as_ref().is_none_or(|only| job.to_string().contains(only));
        Job::all().into_iter().filter(asked).collect()
    }

    fn is_quick(&self) -> bool {
        self.quick || !self.bench
    }
}
