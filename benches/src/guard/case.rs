//! The jobs that are guarded.

use std::fmt;

use headwater_kinesis::Wire;
use serde::{Deserialize, Serialize};

use crate::guard::callgrind::{Callgrind, Instructions};
use crate::job::{Job, Keys};
use crate::null::Null;
use crate::outcome::Outcome;
use crate::process::{Clients, Task};
use crate::processor::Processor;
use crate::server::Server;
use crate::settings::Side;
use crate::speed::Speed;

/// How many records a run has, and the one that it is compared with.
const RECORDS: [usize; 2] = [20_000, 60_000];
/// How long a record is, in bytes.
const SIZE: usize = 1_000;

/// A job that is guarded.
pub(super) struct Case {
    job: Job,
    side: Side,
    wire: Wire,
}

/// What a record needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What was done: `put/json`.
    pub guard: String,
    /// Instructions of user space, without those of SHA-256.
    pub instructions: f64,
    /// Those of SHA-256.
    pub sha256: f64,
    /// How often memory is allocated.
    pub allocations: f64,
}

/// Returns all of them.
pub(super) fn cases(bare: bool) -> Vec<Case> {
    let put = Job::Sink { processor: Processor::Bytes, keys: Keys::Load };
    let get = Job::Source { processor: Processor::Bytes };
    let mine = [put, get]
        .into_iter()
        .flat_map(|job| [Wire::Json, Wire::Cbor].map(|wire| Case { job, side: Side::Headwater, wire }));
    let theirs = [put, get].map(|job| Case { job, side: Side::Sdk, wire: Wire::Sdk });
    mine.chain(theirs.into_iter().filter(|_| bare)).collect()
}

impl Case {
    /// Counts what a record needs.
    pub(super) async fn count(&self, speed: &Speed, callgrind: &Callgrind) -> Outcome<Found> {
        let mut runs = Vec::new();
        for records in RECORDS {
            let null = Null { shards: 1, records, size: SIZE, delay_millis: 0 };
            let server = Server::start([&speed.null_flag, &serde_json::to_string(&null)?])?;
            let task = self.task(server.endpoint().url(), records);
            let clients = Clients::new(&speed.client_flag, self.wire);
            let allocations = clients.run(&task).await?.cost.allocations.unwrap_or_default();
            let instructions = callgrind.count(&clients, &task).await?;
            runs.push((records as f64, allocations as f64, instructions));
        }
        let (fewer, more) = (&runs[0], &runs[1]);
        let each = |figure: fn(&(f64, f64, Instructions)) -> f64| {
            (figure(more) - figure(fewer)) / (more.0 - fewer.0)
        };
        let found = Found {
            guard: self.to_string(),
            instructions: each(|run| (run.2.all - run.2.sha256) as f64),
            sha256: each(|run| run.2.sha256 as f64),
            allocations: each(|run| run.1),
        };
        // Counting nothing would pass for cheap.
        if found.instructions < 1.0 || found.allocations <= 0.0 {
            return Err(format!("{found:?}: nothing was counted").into());
        }
        Ok(found)
    }

    fn task(&self, url: &str, records: usize) -> Task {
        Task {
            job: self.job.to_string(),
            side: self.side,
            from: "guarded".to_owned(),
            to: "guarded".to_owned(),
            practice: None,
            url: url.to_owned(),
            limited: false,
            request_bytes: crate::endpoint::REQUEST_BYTES,
            records,
            size: SIZE,
            rest: std::time::Duration::ZERO,
            lap: None,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = if self.job.writes() { "put" } else { "get" };
        let wire = match self.wire {
            Wire::Json => "json",
            Wire::Cbor => "cbor",
            Wire::Sdk => "sdk",
        };
        write!(f, "{job}/{wire}")
    }
}
