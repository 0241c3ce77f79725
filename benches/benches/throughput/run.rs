//! One job of one side.

use aws_sdk_kinesis::Client;
use aws_types::SdkConfig;

use crate::args::Side;
use crate::job::Job;
use crate::load::Load;
use crate::processor::Processor;
use crate::{Outcome, jobs, sdk};

/// One job of one side, with the streams that it needs.
pub(crate) struct Run {
    /// The job.
    pub(crate) job: Job,
    /// Who does it.
    pub(crate) side: Side,
    /// The stream that is read.
    pub(crate) from: Option<String>,
    /// The stream that is written.
    pub(crate) to: Option<String>,
}

/// What a run says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    /// How many messages were read, where that is the job.
    pub(crate) read: Option<usize>,
    /// How many requests Headwater's sink made.
    pub(crate) requests: Option<u64>,
}

impl Run {
    /// Plans a run on streams of its own, which are numbered.
    pub(crate) fn new(job: Job, side: Side, number: usize) -> Self {
        let (reads, writes) = match job {
            Job::Sink { .. } => (false, true),
            Job::Source { .. } => (true, false),
            Job::Relay => (true, true),
        };
        let from = reads.then(|| format!("from-{number}"));
        let to = writes.then(|| format!("to-{number}"));
        Self { job, side, from, to }
    }

    /// Returns the processor whose framing the records have. The bare loop knows none: a record is a message.
    pub(crate) fn framing(&self) -> Processor {
        match self.side {
            Side::Headwater => self.job.processor(),
            Side::Sdk => Processor::Bytes,
        }
    }

    /// Returns the stream that shows what was done.
    pub(crate) fn evidence(&self) -> &str {
        self.to.as_ref().or(self.from.as_ref()).map_or("", String::as_str)
    }

    /// Does the job.
    pub(crate) async fn go(&self, config: &SdkConfig, load: &Load) -> Outcome<Done> {
        let (from, to) = (self.from.as_deref().unwrap_or_default(), self.to.as_deref().unwrap_or_default());
        match self.side {
            Side::Sdk => self.go_bare(&Client::new(config), load, from, to).await,
            Side::Headwater => self.go_headwater(config, load, from, to).await,
        }
    }

    async fn go_bare(&self, client: &Client, load: &Load, from: &str, to: &str) -> Outcome<Done> {
        let mut done = Done::default();
        match self.job {
            Job::Sink { .. } => sdk::put(client, to, load, self.job.format()).await?,
            Job::Source { .. } => done.read = Some(sdk::get(client, from, self.job.format()).await?),
            Job::Relay => sdk::relay(client, from, to).await?,
        }
        Ok(done)
    }

    async fn go_headwater(&self, config: &SdkConfig, load: &Load, from: &str, to: &str) -> Outcome<Done> {
        let mut done = Done::default();
        match self.job {
            Job::Sink { processor, keys } => {
                done.requests = Some(jobs::sink(config, to, load, processor, keys).await?);
            }
            Job::Source { processor } => done.read = Some(jobs::source(config, from, processor).await?),
            Job::Relay => done.requests = Some(jobs::relay(config, from, to).await?),
        }
        Ok(done)
    }
}
