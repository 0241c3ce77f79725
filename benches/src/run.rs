//! One job of one side.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::job::Job;
use crate::jobs::Reader;
use crate::laps::Laps;
use crate::load::Load;
use crate::outcome::Outcome;
use crate::processor::Processor;
use crate::settings::Side;
use crate::{jobs, sdk};

/// One job of one side, with the streams that it needs.
pub(crate) struct Run<'a> {
    /// The job.
    pub(crate) job: Job,
    /// Who does it.
    pub(crate) side: Side,
    /// The stream that is read, where one is.
    pub(crate) from: &'a str,
    /// The stream that is written, where one is.
    pub(crate) to: &'a str,
    /// How long a reader rests after each thousand messages.
    pub(crate) rest: Duration,
}

/// What a run says of itself.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Done {
    /// How many messages were read, where that is the job.
    pub(crate) read: Option<usize>,
    /// How many requests Headwater's sink made.
    pub(crate) requests: Option<u64>,
}

/// The processor whose framing the records of a side have. The bare loop knows none: a record is a message.
pub(crate) fn framing(job: Job, side: Side) -> Processor {
    match side {
        Side::Headwater => job.processor(),
        Side::Sdk => Processor::Bytes,
    }
}

impl Run<'_> {
    /// Does the job.
    pub(crate) async fn go(&self, endpoint: &Endpoint, load: &Load, laps: &Laps) -> Outcome<Done> {
        match self.side {
            Side::Sdk => self.go_bare(endpoint, load).await,
            Side::Headwater => self.go_headwater(endpoint, load, laps).await,
        }
    }

    async fn go_bare(&self, endpoint: &Endpoint, load: &Load) -> Outcome<Done> {
        let (from, to, format) = (self.from, self.to, self.job.format());
        let mut done = Done::default();
        match self.job {
            Job::Sink { .. } => sdk::put(endpoint, to, load, format).await?,
            Job::Source { .. } => done.read = Some(sdk::get(endpoint, from, format, self.rest).await?),
            Job::Relay => sdk::relay(endpoint, from, to).await?,
        }
        Ok(done)
    }

    async fn go_headwater(&self, endpoint: &Endpoint, load: &Load, laps: &Laps) -> Outcome<Done> {
        let (from, to, rest) = (self.from, self.to, self.rest);
        let mut done = Done::default();
        match self.job {
            Job::Sink { processor, keys } => {
                done.requests = Some(jobs::sink(endpoint, to, load, processor, keys, laps).await?);
            }
            Job::Source { processor } => {
                done.read = Some(jobs::source(endpoint, from, processor, Reader { rest, laps }).await?);
            }
            Job::Relay => done.requests = Some(jobs::relay(endpoint, from, to, laps).await?),
        }
        Ok(done)
    }
}
