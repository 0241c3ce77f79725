//! Runs the jobs, a round of both sides at a time.

use aws_types::SdkConfig;

use crate::Outcome;
use crate::args::{Args, Side};
use crate::clock::{Cost, Stopwatch};
use crate::command::{SHARDS, Stored};
use crate::comparison::{Comparison, Packing};
use crate::format::Format;
use crate::job::Job;
use crate::load::{KEYS, Load};
use crate::report::Report;
use crate::run::{Done, Run};
use crate::server::Server;

/// A server, and what is sent to it.
pub(crate) struct Bench {
    server: Server,
    config: SdkConfig,
    load: Load,
    /// Numbers the runs, so that each has streams of its own.
    runs: usize,
}

impl Bench {
    /// Starts the server.
    pub(crate) fn start(args: &Args) -> Outcome<Self> {
        let server = Server::start()?;
        Ok(Self { config: server.config(), server, load: Load::new(args.records())?, runs: 0 })
    }

    /// Runs every job.
    pub(crate) async fn run(mut self, args: &Args) -> Outcome<Report> {
        let (jobs, sides) = (args.jobs(), args.sides());
        // The first run would pay for what is set up once in a process.
        if let Some(&first) = jobs.first() {
            for &side in &sides {
                self.measure(first, side).await?;
            }
        }
        let mut comparisons = Vec::new();
        for job in jobs {
            eprintln!("{job}");
            let mut comparison = Comparison::new(job, self.load.records);
            for _ in 0..args.rounds() {
                for &side in &sides {
                    let (cost, packing) = self.measure(job, side).await?;
                    comparison.add(side, cost, packing);
                }
            }
            comparisons.push(comparison);
        }
        Ok(Report {
            records: self.load.records,
            record_bytes: self.load.total_bytes(Format::Json)? / self.load.records as u64,
            keys: KEYS,
            shards: SHARDS,
            rounds: args.rounds(),
            threads: args.threads(),
            jobs: comparisons,
        })
    }

    /// Runs a job once and checks what it did.
    async fn measure(&mut self, job: Job, side: Side) -> Outcome<(Cost, Packing)> {
        self.runs += 1;
        let run = Run::new(job, side, self.runs);
        if let Some(from) = &run.from {
            self.server.fill(from, job.format(), run.framing(), self.load.records)?;
        }
        if let Some(to) = &run.to {
            self.server.create(to)?;
        }

        let clock = Stopwatch::start();
        let done = run.go(&self.config, &self.load).await;
        let cost = clock.stop();

        let done = done.map_err(|error| format!("{job} by {side:?}: {error}"))?;
        let packing = self.check(&run, done)?;
        for stream in [&run.from, &run.to].into_iter().flatten() {
            self.server.delete(stream)?;
        }
        Ok((cost, packing))
    }

    /// Compares what was stored or read with the load.
    fn check(&mut self, run: &Run, done: Done) -> Outcome<Packing> {
        let Run { job, side, .. } = run;
        let stored = self.server.count(run.evidence(), run.framing())?;
        let bytes = self.load.total_bytes(job.format())?;
        let expected = Stored { records: stored.records, messages: self.load.records, bytes };
        if stored != expected || done.read.is_some_and(|read| read != self.load.records) {
            let found = format!("{stored:?} and {done:?}, of {expected:?}");
            return Err(format!("{job} by {side:?}: {found}").into());
        }
        Ok(Packing {
            messages_per_record: stored.messages as f64 / stored.records as f64,
            records_per_request: done.requests.map(|requests| stored.records as f64 / requests as f64),
        })
    }
}
