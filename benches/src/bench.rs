//! Runs the jobs, a round of both sides at a time.

use crate::comparison::{Comparison, Packing};
use crate::contents::{Stored, count, fill};
use crate::endpoint::Endpoint;
use crate::job::Job;
use crate::laps::Laps;
use crate::load::Load;
use crate::outcome::Outcome;
use crate::process::{Clients, Measured, Task};
use crate::run::{Done, Run, framing};
use crate::settings::{Settings, Side};
use crate::streams::Streams;

/// An endpoint, and what is sent to it.
///
/// It makes streams of its own, `headwater-bench-` and a random number, and deletes each when it is done with it;
/// [`clean_up`](Self::clean_up) those that an error or a dropped [`run`](Self::run) left. The
/// [crate's example](crate) runs one job.
pub struct Bench {
    settings: Settings,
    endpoint: Endpoint,
    streams: Streams,
    load: Load,
    clients: Option<Clients>,
    is_null: bool,
}

/// The most messages of a job that a process does twice, for practice and by the clock.
const PRACTISED: usize = 200_000;

impl Bench {
    /// Makes the messages, and sees that the endpoint answers.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn connect(endpoint: Endpoint, settings: Settings) -> Outcome<Self> {
        let streams = Streams::new(endpoint.client(), settings.shards);
        streams.check().await?;
        let load = Load::new(settings.records, settings.size)?;
        Ok(Self { load, endpoint, streams, settings, clients: None, is_null: false })
    }

    /// Has each run done by a process of its own.
    pub fn in_processes(self, clients: Clients) -> Self {
        Self { clients: Some(clients), ..self }
    }

    /// Tells that the server is a [null one](crate::serve_null): nothing is stored before a run, and after it only what
    /// was read is counted.
    pub fn on_null(self) -> Self {
        Self { is_null: true, ..self }
    }

    /// Returns what is measured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns what the names of its streams begin with, which those of no other benchmark do.
    pub fn prefix(&self) -> &str {
        self.streams.prefix()
    }

    /// Runs every job, and says which one begins.
    ///
    /// # Errors
    ///
    /// When a call failed, or a job did not send or read what it should have.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any point; [`clean_up`](Self::clean_up) deletes the streams that it leaves.
    pub async fn run(&mut self, mut begins: impl FnMut(Job)) -> Outcome<Vec<Comparison>> {
        // The first run would pay for what is set up once in a process.
        if let Some(&first) = self.settings.jobs.first() {
            self.compare((first, first), 1).await?;
        }
        let mut comparisons = Vec::new();
        for job in self.settings.jobs.clone() {
            begins(job);
            comparisons.push(self.compare((job, job), self.settings.rounds).await?);
        }
        Ok(comparisons)
    }

    /// Deletes the streams that are left.
    ///
    /// # Errors
    ///
    /// When one could not be deleted: it names the stream.
    pub async fn clean_up(&mut self) -> Outcome {
        self.streams.delete_all().await
    }

    /// Runs a job on each side, so many times in turn: the second one is what the bare loop does.
    pub(crate) async fn compare(&mut self, (job, bare): (Job, Job), rounds: usize) -> Outcome<Comparison> {
        let mut sources = Vec::new();
        for &side in &self.settings.sides.clone() {
            let job = if side == Side::Sdk { bare } else { job };
            let from = if job.reads() { self.filled(job, side).await? } else { String::new() };
            sources.push((side, job, from));
        }
        let mut comparison = Comparison::new(job, self.load.records, self.load.total_bytes(job.format())?);
        for _ in 0..rounds {
            for (side, job, from) in &sources {
                let (measured, packing) = self.measure(*job, *side, from).await?;
                comparison.add(*side, measured, packing);
            }
        }
        for (_, job, from) in sources {
            if job.reads() {
                self.streams.delete(&from).await?;
            }
        }
        Ok(comparison)
    }

    /// Creates a stream that holds the load.
    async fn filled(&mut self, job: Job, side: Side) -> Outcome<String> {
        let stream = self.streams.create().await?;
        if self.is_null {
            return Ok(stream);
        }
        let (shards, format) = (self.settings.shards, job.format());
        fill(&self.endpoint, &stream, shards, &self.load, format, framing(job, side)).await?;
        Ok(stream)
    }

    /// Runs a job once and checks what it did.
    async fn measure(&mut self, job: Job, side: Side, from: &str) -> Outcome<(Measured, Option<Packing>)> {
        let to = if job.writes() { self.streams.create().await? } else { String::new() };
        let run = Run { job, side, from, to: &to, rest: self.settings.rest };
        let measured = match self.clients.clone() {
            None => self.here(&run).await?,
            Some(clients) => self.elsewhere(&run, &clients).await?,
        };
        let packing = self.check(&run, measured.done).await?;
        if job.writes() {
            self.streams.delete(&to).await?;
        }
        Ok((measured, packing))
    }

    /// Has this process do it.
    async fn here(&self, run: &Run<'_>) -> Outcome<Measured> {
        let laps = Laps::start(None);
        let done = run.go(&self.endpoint, &self.load, &laps).await;
        let (cost, laps) = laps.stop();
        let done = done.map_err(|error| format!("{} by {:?}: {error}", run.job, run.side))?;
        Ok(Measured { cost, done, laps })
    }

    /// Has another process do it.
    async fn elsewhere(&mut self, run: &Run<'_>, clients: &Clients) -> Outcome<Measured> {
        let is_practised = self.load.records <= PRACTISED && run.rest.is_zero();
        let practice = match is_practised {
            true if run.job.writes() => Some(self.streams.create().await?),
            true => Some(String::new()),
            false => None,
        };
        let task = Task {
            job: run.job.to_string(),
            side: run.side,
            from: run.from.to_owned(),
            to: run.to.to_owned(),
            practice: practice.clone(),
            url: self.endpoint.url().to_owned(),
            limited: !self.endpoint.is_unlimited(),
            request_bytes: self.endpoint.request_bytes,
            records: self.settings.records,
            size: self.settings.size,
            rest: run.rest,
            lap: self.settings.lap,
        };
        let measured = clients.run(&task).await?;
        if let Some(stream) = practice.filter(|stream| !stream.is_empty()) {
            self.streams.delete(&stream).await?;
        }
        Ok(measured)
    }

    /// Compares what was stored or read with the load.
    async fn check(&self, run: &Run<'_>, done: Done) -> Outcome<Option<Packing>> {
        let &Run { job, side, from, to, .. } = run;
        if self.is_null {
            return match done.read {
                Some(read) if read != self.load.records => {
                    Err(format!("{job} by {side:?}: {read} of {} were read", self.load.records).into())
                }
                _ => Ok(None),
            };
        }
        let evidence = if job.writes() { to } else { from };
        let stored = count(&self.endpoint, evidence, framing(job, side)).await?;
        let bytes = self.load.total_bytes(job.format())?;
        let expected = Stored { records: stored.records, messages: self.load.records, bytes };
        if stored != expected || done.read.is_some_and(|read| read != self.load.records) {
            let found = format!("{stored:?} and {done:?}, of {expected:?}");
            return Err(format!("{job} by {side:?}: {found}").into());
        }
        Ok(Some(Packing {
            messages_per_record: stored.messages as f64 / stored.records as f64,
            records_per_request: done.requests.map(|requests| stored.records as f64 / requests as f64),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use headwater_local::LocalKinesis;

    use super::Bench;
    use crate::endpoint::Endpoint;
    use crate::job::Job;
    use crate::processor::Processor;
    use crate::run::{Done, Run};
    use crate::settings::{Settings, Side};

    #[tokio::test]
    async fn a_run_that_read_or_stored_something_else_fails() {
        let server = LocalKinesis::builder().serve().await.unwrap();
        let job = Job::Source { processor: Processor::KplJson };
        let settings = Settings { records: 100, ..Settings::of(vec![job]) };
        let mut bench = Bench::connect(Endpoint::unlimited(&server.endpoint_url()), settings).await.unwrap();
        for side in [Side::Sdk, Side::Headwater] {
            let stream = bench.filled(job, side).await.unwrap();
            let run = Run { job, side, from: &stream, to: "", rest: Duration::ZERO };
            let done = |read| Done { read: Some(read), requests: None };
            assert!(bench.check(&run, done(100)).await.is_ok(), "{side:?}");
            assert!(bench.check(&run, done(99)).await.is_err(), "{side:?}: one was not read");
            server.put(&stream, "customer-1", "once more").unwrap();
            assert!(bench.check(&run, done(100)).await.is_err(), "{side:?}: one more is stored");
        }
        bench.clean_up().await.unwrap();
        assert!(server.client().list_streams().send().await.unwrap().stream_names.is_empty());
    }
}
