//! What a process is told to do, and what it tells.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Cost;
use crate::job::Job;
use crate::laps::Lap;
use crate::outcome::Outcome;
use crate::run::{Done, Run};
use crate::settings::Side;

/// What a process is told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) job: String,
    pub(crate) side: Side,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The stream that is written for practice before; there is no practice where it is `None`
    pub(crate) practice: Option<String>,
    pub(crate) url: String,
    pub(crate) limited: bool,
    pub(crate) request_bytes: usize,
    pub(crate) records: usize,
    pub(crate) size: usize,
    pub(crate) rest: Duration,
    /// After how many messages it looks at the clock
    pub(crate) lap: Option<usize>,
}

/// What a process tells of its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) cost: Cost,
    pub(crate) done: Done,
    pub(crate) laps: Vec<Lap>,
}

impl Task {
    /// Returns the job that has the name.
    pub(crate) fn job(&self) -> Outcome<Job> {
        self.job.parse()
    }

    /// Returns the run into a stream.
    pub(crate) fn run<'a>(&'a self, to: &'a str) -> Outcome<Run<'a>> {
        Ok(Run { job: self.job()?, side: self.side, from: &self.from, to, rest: self.rest })
    }
}
