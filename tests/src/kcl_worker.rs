//! A worker of kcl-rs 0.1.4, with which Headwater must be able to share a stream.

use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::installation::{source, virtual_python};

/// A running worker, in a process of its own. It is killed on drop.
#[derive(Debug)]
pub struct KclWorker {
    name: String,
    child: Child,
    /// It leaves once this is closed.
    stdin: Option<ChildStdin>,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
}

/// What a worker tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum KclEvent {
    /// It begins to read a shard after what is stored
    Begin {
        /// The shard
        shard: String,
        /// The stored sequence number, or a word of the KCL
        sequence: String,
        /// The stored sub-sequence number
        sub: u64,
    },
    /// It stored that it read a record
    Record {
        /// The shard
        shard: String,
        /// Its payload
        data: String,
    },
    /// It could not store that, because another has the shard
    Refused {
        /// The shard
        shard: String,
    },
    /// It no longer has a shard
    Lost {
        /// The shard
        shard: String,
    },
    /// It was asked to give a shard up, and does
    Left {
        /// The shard
        shard: String,
    },
    /// It read a shard to its end
    Ended {
        /// The shard
        shard: String,
    },
}

impl KclWorker {
    /// Starts a worker of an application, which reads from TRIM_HORIZON where nothing is stored. `limits` are how many
    /// records it reads of each shard, in the order of the shards, before it stops as if it had died; none if empty.
    ///
    /// # Panics
    ///
    /// When it is not installed.
    pub fn start(kinesis: &str, dynamodb: &str, stream: &str, application: &str, limits: &[u32]) -> Self {
        let name = format!("kcl-{:016x}", fastrand::u64(..));
        let mut command = Command::new(virtual_python("kcl"));
        command
            .arg("-B") // No compiled files beside the sources.
            .arg(source("python").join("kcl.py"))
            .args(["--stream", stream, "--application", application, "--worker", &name, "--limits"])
            .args(limits.iter().map(u32::to_string))
            .env("AWS_ENDPOINT_URL_KINESIS", kinesis)
            .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
            // Nobody listens there, so that its metrics go nowhere.
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
            .env("RUST_LOG", "off");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("start {name}: {error}"));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("its standard output is a pipe");
        Self { name, child, stdin, lines: BufReader::new(stdout).lines() }
    }

    /// Its name as a worker.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it tells next, or `None` once it has ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost where this is dropped.
    ///
    /// # Panics
    ///
    /// When it prints anything else.
    pub async fn next(&mut self) -> Option<KclEvent> {
        let line = self.lines.next_line().await.unwrap_or_else(|error| panic!("{}: {error}", self.name))?;
        let event = serde_json::from_str(&line);
        Some(event.unwrap_or_else(|error| panic!("{} printed {line:?}: {error}", self.name)))
    }

    /// Asks it to leave, which it does within seconds.
    pub fn leave(&mut self) {
        self.stdin = None;
    }

    /// Kills it with everything that it has.
    pub async fn kill(&mut self) {
        // One that has ended already is as dead.
        let _ = self.child.kill().await;
    }
}
