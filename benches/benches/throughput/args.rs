//! The command line.

use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::Parser;
use headwater_benches::{Job, Settings, Side};

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
    #[arg(long, value_name = "sdk|headwater")]
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

impl Args {
    /// Returns the worker threads of the client.
    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| available_parallelism().map_or(1, Into::into)).max(1)
    }

    /// Returns what is measured, and how often.
    pub(crate) fn settings(&self) -> Settings {
        let asked = |job: &Job| self.only.as_ref().is_none_or(|only| job.to_string().contains(only));
        let mut settings = Settings::of(Job::all().into_iter().filter(asked).collect());
        settings.records = self.records.max(1);
        settings.rounds = self.rounds.max(1);
        if let Some(side) = self.side {
            settings.sides = vec![side];
        }
        if !self.quick && !self.bench {
            eprintln!("a quick run, because cargo bench did not start it: --bench makes it a whole one");
        }
        if self.quick || !self.bench { settings.quick() } else { settings }
    }
}
