//! Everything that was measured, as a person reads it and as a program does.

mod files;
mod page;
mod plot;
mod table;
mod words;

use serde::Serialize;

use crate::comparison::Comparison;
use crate::endpoint::REQUEST_BYTES;
use crate::load::KEYS;
use crate::machine::Machine;
use crate::settings::Settings;

pub use files::Files;
pub(crate) use plot::drawings;
pub(crate) use words::grouped;

/// The settings of a benchmark, the machine, and what came of each job.
///
/// It serializes with every figure of every round.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was measured, and how often.
    #[serde(flatten)]
    pub settings: Settings,
    /// How many keys the messages have.
    pub keys: usize,
    /// Worker threads of the client.
    pub threads: usize,
    /// When it was measured, as RFC 3339 has it.
    pub time: String,
    /// Where it was measured.
    pub machine: Machine,
    /// Whether both sides kept to the limits of shards. Default: no.
    pub limited: bool,
    /// The most bytes of a PutRecords request on both sides. Default: 10 MiB.
    pub request_bytes: usize,
    /// The server, in a few words. Default: `headwater-local without limits, in another process`.
    pub server: String,
    /// The command line that does it again. Default: none.
    pub command: Option<String>,
    /// One for each job.
    pub jobs: Vec<Comparison>,
}

/// A picture of the report.
struct Picture {
    name: &'static str,
    title: String,
    svg: String,
}

impl Report {
    /// Describes what came of the jobs, as of now and here, within the runtime that ran them.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub fn new(settings: &Settings, jobs: Vec<Comparison>) -> Self {
        Self {
            settings: settings.clone(),
            keys: KEYS,
            threads: tokio::runtime::Handle::current().metrics().num_workers(),
            time: humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
            machine: Machine::here(),
            limited: false,
            request_bytes: REQUEST_BYTES,
            server: "headwater-local without limits, in another process".to_owned(),
            command: None,
            jobs,
        }
    }

    /// Returns what was on and off on each side, and where the records went.
    fn conditions(&self) -> [String; 3] {
        let (limits, pace) = if self.limited {
            ("limits of a shard, paced source", ", paced and resending")
        } else {
            ("limits(Unlimited), unpaced source", "")
        };
        [
            format!("Headwater: order per key, an ack for each message, checkpoints in memory, {limits}."),
            format!(
                "Bare SDK loop: same serializer, one message per record; put_records of 500, 4 in flight; \
                 get_records of 10,000{pace}."
            ),
            format!(
                "Server: {}. Requests of {} bytes at most.",
                self.server,
                grouped(self.request_bytes as u64)
            ),
        ]
    }

    /// Returns the table.
    pub fn table(&self) -> String {
        table::table(self)
    }
}
