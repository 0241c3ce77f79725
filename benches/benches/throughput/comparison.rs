//! The rounds of one job, side by side.

use serde::Serialize;

use crate::args::Side;
use crate::clock::Cost;
use crate::job::Job;
use crate::spread::Spread;

/// What each side cost in each round of a job.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The name of the job.
    pub(crate) job: String,
    /// How many messages each run sent or read.
    pub(crate) records: usize,
    /// How full Headwater's records and requests were in the last round.
    pub(crate) packing: Option<Packing>,
    sdk_rounds: Vec<Cost>,
    headwater_rounds: Vec<Cost>,
    /// The bare loop over the SDK.
    pub(crate) sdk: Option<Figures>,
    /// Headwater.
    pub(crate) headwater: Option<Figures>,
    /// Headwater's CPU time over the bare loop's, round by round.
    pub(crate) cpu_ratio: Option<Spread>,
}

/// How full records and requests are, on average over a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Packing {
    /// Messages in a record.
    pub(crate) messages_per_record: f64,
    /// Records in a PutRecords request, where there are any.
    pub(crate) records_per_request: Option<f64>,
}

/// What one side's rounds come to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figures {
    /// By the clock on the wall.
    pub(crate) records_per_second: Spread,
    /// User and system time of the client for each message, in microseconds.
    pub(crate) cpu_micros_per_record: Spread,
}

impl Comparison {
    /// Begins a job.
    pub(crate) fn new(job: Job, records: usize) -> Self {
        Self {
            job: job.to_string(),
            records,
            packing: None,
            sdk_rounds: Vec::new(),
            headwater_rounds: Vec::new(),
            sdk: None,
            headwater: None,
            cpu_ratio: None,
        }
    }

    /// Adds a run.
    pub(crate) fn add(&mut self, side: Side, cost: Cost, packing: Packing) {
        match side {
            Side::Sdk => self.sdk_rounds.push(cost),
            Side::Headwater => {
                self.headwater_rounds.push(cost);
                self.packing = Some(packing);
            }
        }
        self.sdk = Figures::of(&self.sdk_rounds, self.records);
        self.headwater = Figures::of(&self.headwater_rounds, self.records);
        let rounds = self.headwater_rounds.iter().zip(&self.sdk_rounds);
        self.cpu_ratio = Spread::of(rounds.map(|(mine, theirs)| mine.cpu_seconds / theirs.cpu_seconds));
    }
}

impl Figures {
    fn of(rounds: &[Cost], records: usize) -> Option<Self> {
        Some(Self {
            records_per_second: Spread::of(rounds.iter().map(|cost| cost.records_per_second(records)))?,
            cpu_micros_per_record: Spread::of(rounds.iter().map(|cost| cost.cpu_micros(records)))?,
        })
    }
}
