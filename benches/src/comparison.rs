//! The rounds of one job, side by side.

use serde::Serialize;

use crate::clock::Cost;
use crate::job::Job;
use crate::laps::Lap;
use crate::process::Measured;
use crate::settings::Side;
use crate::spread::Spread;

/// What each side cost in each round of a job.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The job.
    pub job: Job,
    /// How many messages each run sent or read.
    pub records: usize,
    /// How long all of them are together, in bytes: what the serializer makes of them.
    pub bytes: u64,
    /// How full Headwater's records and requests were in the last round.
    pub packing: Option<Packing>,
    /// What each run of the bare loop cost.
    pub sdk_rounds: Vec<Cost>,
    /// What each run of Headwater cost.
    pub headwater_rounds: Vec<Cost>,
    /// What Headwater's last run had cost from time to time, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub laps: Vec<Lap>,
    /// The bare loop over the SDK.
    pub sdk: Option<Figures>,
    /// Headwater.
    pub headwater: Option<Figures>,
    /// Headwater's CPU time over the bare loop's, round by round.
    pub cpu_ratio: Option<Spread>,
}

/// How full records and requests are, on average over a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Packing {
    /// Messages in a record.
    pub messages_per_record: f64,
    /// Records in a PutRecords request, where there are any.
    pub records_per_request: Option<f64>,
}

/// What one side's rounds come to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// By the clock on the wall.
    pub records_per_second: Spread,
    /// User and system time of the client for each message, in microseconds.
    pub cpu_micros_per_record: Spread,
    /// How often memory was allocated for each message, where that was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations_per_record: Option<Spread>,
    /// The memory of a run at its most, in bytes, where the job had a process of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<Spread>,
}

impl Comparison {
    /// Begins a job.
    pub(crate) fn new(job: Job, records: usize, bytes: u64) -> Self {
        Self {
            job,
            records,
            bytes,
            packing: None,
            sdk_rounds: Vec::new(),
            headwater_rounds: Vec::new(),
            laps: Vec::new(),
            sdk: None,
            headwater: None,
            cpu_ratio: None,
        }
    }

    /// Returns how long a message is on average, in bytes.
    pub fn message_bytes(&self) -> f64 {
        self.bytes as f64 / self.records as f64
    }

    /// Adds a run.
    pub(crate) fn add(&mut self, side: Side, measured: Measured, packing: Option<Packing>) {
        match side {
            Side::Sdk => self.sdk_rounds.push(measured.cost),
            Side::Headwater => {
                self.headwater_rounds.push(measured.cost);
                self.laps = measured.laps;
                self.packing = packing;
            }
        }
        self.sdk = Figures::of(&self.sdk_rounds, self.records);
        self.headwater = Figures::of(&self.headwater_rounds, self.records);
        let rounds = self.headwater_rounds.iter().zip(&self.sdk_rounds);
        self.cpu_ratio = Spread::of(rounds.map(|(mine, theirs)| mine.cpu_seconds / theirs.cpu_seconds));
    }
}

impl Figures {
    /// Returns the payload that went in a second, in megabytes (10⁶ bytes), for messages of so many bytes.
    pub fn megabytes_per_second(&self, message_bytes: f64) -> f64 {
        self.records_per_second.median * message_bytes / 1e6
    }

    fn of(rounds: &[Cost], records: usize) -> Option<Self> {
        Some(Self {
            records_per_second: Spread::of(rounds.iter().map(|cost| cost.records_per_second(records)))?,
            cpu_micros_per_record: Spread::of(rounds.iter().map(|cost| cost.cpu_micros(records)))?,
            allocations_per_record: Spread::of(
                rounds.iter().filter_map(|cost| Some(cost.allocations? as f64 / records as f64)),
            ),
            peak_bytes: Spread::of(rounds.iter().filter_map(|cost| Some(cost.peak_bytes? as f64))),
        })
    }
}
