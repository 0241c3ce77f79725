//! What is measured in one line of a table.

use std::fmt;
use std::time::Duration;

use headwater_kinesis::Wire;
use serde::Serialize;

use crate::job::Job;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What the budget names.
    Budget,
    /// Every processor.
    Processors,
    /// More shards, and more records.
    Growth,
    /// Answers that are held back.
    Latency,
    /// A reader that rests.
    Slow,
    /// Millions of records.
    Long,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Served {
    /// A [null server](crate::serve_null).
    Null,
    /// The embedded endpoint; what it stored is checked.
    Stored,
}

/// One line of a table: a job, and what the bare loop does beside it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The table that it stands in.
    pub group: Group,
    /// The job.
    pub job: Job,
    /// What the bare loop does: mostly the same.
    pub bare: Job,
    /// In which format Headwater sends and reads records.
    pub wire: Wire,
    /// What answers.
    pub served: Served,
    /// How many shards a stream has.
    pub shards: usize,
    /// How many messages a run has.
    pub records: usize,
    /// How long a message is, in bytes.
    pub size: usize,
    /// How long each answer is held back.
    pub delay: Duration,
    /// How long a reader rests after each thousand messages.
    pub rest: Duration,
    /// The most that its CPU may be of the bare loop's.
    pub goal: Option<f64>,
    /// After how many messages the clock is looked at.
    pub lap: Option<usize>,
}

impl Group {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] =
        [Self::Budget, Self::Processors, Self::Growth, Self::Latency, Self::Slow, Self::Long];

    /// Returns what its table is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Processors => "processors",
            Self::Growth => "growth",
            Self::Latency => "latency",
            Self::Slow => "slow",
            Self::Long => "long",
        }
    }
}

impl Row {
    /// Describes a job in JSON on a null server, with messages of 1,000 bytes and four shards.
    pub(super) fn new(group: Group, job: Job, records: usize) -> Self {
        Self {
            group,
            job,
            bare: job,
            wire: Wire::Json,
            served: Served::Null,
            shards: 4,
            records,
            size: 1_000,
            delay: Duration::ZERO,
            rest: Duration::ZERO,
            goal: None,
            lap: None,
        }
    }
}

/// What it is called: its table, its job, and what is not as usual.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group.name(), self.job)?;
        match self.wire {
            Wire::Json => {}
            Wire::Cbor => f.write_str("/cbor")?,
            Wire::Sdk => f.write_str("/sdk")?,
        }
        if self.size != 1_000 {
            write!(f, "/{}b", self.size)?;
        }
        match self.group {
            Group::Growth => write!(f, "/{}-shards/{}", self.shards, self.records),
            Group::Latency => write!(f, "/{}ms", self.delay.as_millis()),
            _ => Ok(()),
        }
    }
}
