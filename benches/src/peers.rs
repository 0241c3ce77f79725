//! Clients of other languages, at the same job against the same server.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use headwater_kinesis::Wire;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::contents::{count, fill};
use crate::endpoint::REQUEST_BYTES;
use crate::job::{Job, Keys};
use crate::load::Load;
use crate::outcome::{Outcome, during};
use crate::process::{Clients, Task};
use crate::processor::Processor;
use crate::report::grouped;
use crate::server::Server;
use crate::settings::Side;
use crate::speed::{Speed, markdown};
use crate::spread::Spread;
use crate::streams::Streams;

/// Where the clients are, and how they are measured.
#[derive(Clone, Debug)]
pub struct Peers {
    /// The Python that has theirs.
    pub python: PathBuf,
    /// The folder whose `node_modules` has Node's.
    pub packages: PathBuf,
    /// The folder of the programs that call them.
    pub programs: PathBuf,
    /// How many messages a run has.
    pub records: usize,
}

/// What one client and Headwater did in a second of CPU time.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// The client, and the processor that it was given.
    pub peer: String,
    /// What both did, as Headwater calls it.
    pub job: String,
    /// Records in a second of its CPU time, round by round.
    pub theirs: Vec<f64>,
    /// Records in a second of Headwater's, round by round.
    pub headwater: Vec<f64>,
    /// How many times as many Headwater's are, in the median round.
    pub times: f64,
}

/// What a client prints.
#[derive(Deserialize)]
struct Told {
    cpu_seconds: f64,
}

/// A processor of async-kinesis, and what it is here. KPL text is left out: it costs what KPL JSON costs.
const ASYNC_KINESIS: [(&str, Processor); 6] = [
    ("StringProcessor", Processor::String),
    ("JsonProcessor", Processor::Json),
    ("JsonLineProcessor", Processor::JsonLines),
    ("JsonListProcessor", Processor::JsonList),
    ("MsgpackProcessor", Processor::Msgpack),
    ("KPLJsonProcessor", Processor::KplJson),
];
const SIZE: usize = 1_000;

/// Measures each client that is wanted and Headwater in turn.
///
/// # Errors
///
/// When a process did not start, or sent or read something else than it should have.
pub async fn peers(speed: &Speed, peers: &Peers, wants: impl Fn(&str) -> bool) -> Outcome<Vec<Beside>> {
    let load = Load::new(peers.records, SIZE)?;
    let orders = std::env::temp_dir().join(format!("headwater-orders-{}", std::process::id()));
    let lines: Vec<_> = (0..load.different()).map(|n| &**load.text(n)).collect();
    std::fs::write(&orders, lines.join("\n")).map_err(during("write the orders"))?;
    let mut found = Vec::new();
    for (client, named, processor) in pairs() {
        for job in ["put", "get"].into_iter().filter(|job| client != "aiokpl" || *job == "put") {
            let pair = Pair { speed, peers, load: &load, orders: &orders, client, named, processor, job };
            let name = format!("{client} {named} {job}");
            if wants(&name) {
                eprintln!("{name}");
                found.push(pair.measure().await?);
            }
        }
    }
    // A file of the system's temporary folder that is left is the system's to remove.
    let _ = std::fs::remove_file(&orders);
    Ok(found)
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str, Processor)> {
    let plain = [("boto3", "", Processor::Json), ("node", "", Processor::Json)];
    let mine = ASYNC_KINESIS.into_iter().map(|(named, processor)| ("async-kinesis", named, processor));
    plain.into_iter().chain(mine).chain([("aiokpl", "", Processor::KplJson)])
}

/// One client beside Headwater.
struct Pair<'a> {
    speed: &'a Speed,
    peers: &'a Peers,
    load: &'a Load,
    orders: &'a PathBuf,
    client: &'static str,
    named: &'static str,
    processor: Processor,
    job: &'static str,
}

impl Pair<'_> {
    async fn measure(&self) -> Outcome<Beside> {
        let server = Server::start([&self.speed.serve_flag])?;
        let endpoint = server.endpoint();
        let mut streams = Streams::new(endpoint.client(), 1);
        let job = self.job();
        let (mut theirs, mut headwater) = (Vec::new(), Vec::new());
        for _ in 0..self.speed.rounds {
            for is_mine in [false, true] {
                let stream = streams.create().await?;
                if job.reads() {
                    fill(&endpoint, &stream, 1, self.load, self.processor.format(), self.processor).await?;
                }
                let seconds = if is_mine {
                    self.headwater(job, endpoint.url(), &stream).await?
                } else {
                    self.peer(endpoint.url(), &stream).await?
                };
                let stored = count(&endpoint, &stream, self.processor).await?.messages;
                if stored != self.load.records {
                    return Err(
                        format!("{}: {stored} of {} are stored", self.name(), self.load.records).into()
                    );
                }
                let rates = if is_mine { &mut headwater } else { &mut theirs };
                rates.push(self.load.records as f64 / seconds);
                streams.delete(&stream).await?;
            }
        }
        let times = Spread::of(headwater.iter().zip(&theirs).map(|(mine, theirs)| mine / theirs));
        let times = times.map_or(0.0, |times| times.median);
        Ok(Beside { peer: self.name(), job: job.to_string(), theirs, headwater, times })
    }

    fn name(&self) -> String {
        format!("{} {}", self.client, self.named).trim_end().to_owned()
    }

    fn job(&self) -> Job {
        let processor = self.processor;
        // async-kinesis gives records keys of their own, so that any messages share one, and so does Headwater.
        let shares = self.client == "async-kinesis" && processor.framing().joins();
        let keys = if shares { Keys::Without } else { Keys::Load };
        if self.job == "put" { Job::Sink { processor, keys } } else { Job::Source { processor } }
    }

    /// Has the other client do it. Returns the CPU time in seconds.
    async fn peer(&self, url: &str, stream: &str) -> Outcome<f64> {
        let records = self.load.records.to_string();
        let mut command = if self.client == "node" {
            let mut node = Command::new("node");
            node.arg(self.peers.programs.join("peer.mjs")).arg("--packages").arg(&self.peers.packages);
            node
        } else {
            let mut python = Command::new(&self.peers.python);
            python.arg(self.peers.programs.join("peer.py")).args(["--client", self.client]);
            if !self.named.is_empty() {
                python.args(["--processor", self.named]);
            }
            python
        };
        command.args(["--job", self.job, "--endpoint", url, "--stream", stream, "--records", &records]);
        command.arg("--orders").arg(self.orders).stdin(Stdio::null()).kill_on_drop(true);
        command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")]);
        let told = command.output().await.map_err(during(format!("start {}", self.name())))?;
        if !told.status.success() {
            let why = String::from_utf8_lossy(&told.stderr);
            return Err(format!("{} {}: {}", self.name(), self.job, why.trim()).into());
        }
        let told: Told = serde_json::from_slice(&told.stdout)
            .map_err(during(format!("read what {} cost", self.name())))?;
        Ok(told.cpu_seconds)
    }

    /// Has Headwater do it, without practice, as the others.
    async fn headwater(&self, job: Job, url: &str, stream: &str) -> Outcome<f64> {
        let task = Task {
            job: job.to_string(),
            side: Side::Headwater,
            from: stream.to_owned(),
            to: stream.to_owned(),
            practice: None,
            url: url.to_owned(),
            limited: false,
            request_bytes: REQUEST_BYTES,
            records: self.load.records,
            size: SIZE,
            rest: Duration::ZERO,
            lap: None,
        };
        Ok(Clients::new(&self.speed.client_flag, Wire::Json).run(&task).await?.cost.cpu_seconds)
    }
}

/// Writes what was found as a table in Markdown.
pub fn peers_table(found: &[Beside]) -> String {
    let median = |rates: &[f64]| Spread::of(rates.iter().copied()).map_or(0, |rates| rates.median as u64);
    let row = |beside: &Beside| {
        let (theirs, mine) = (grouped(median(&beside.theirs)), grouped(median(&beside.headwater)));
        vec![beside.peer.clone(), beside.job.clone(), theirs, mine, format!("{:.1} ×", beside.times)]
    };
    let head = ["client", "job", "its records/CPU-s", "Headwater's", "ratio"].map(str::to_owned);
    markdown(&head, &found.iter().map(row).collect::<Vec<_>>())
}
