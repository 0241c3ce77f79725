//! The processes that do the jobs, as the benchmark sees them.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;

use headwater_kinesis::Wire;
use tokio::process::Command;

use crate::outcome::{Outcome, during};
use crate::process::{Measured, Task};

/// Starts this program as the process that does a job.
#[derive(Clone, Debug)]
pub struct Clients {
    flag: String,
    wire: Wire,
    /// The program that runs this one, and its arguments.
    under: Vec<OsString>,
}

impl Clients {
    /// Names what makes this program call [`client`](crate::client) with the argument that follows, and in which format
    /// Headwater's side sends and reads records.
    pub fn new(flag: &str, wire: Wire) -> Self {
        Self { flag: flag.to_owned(), wire, under: Vec::new() }
    }

    /// Has another program run this one, such as one that counts.
    pub(crate) fn under<A: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = A>) -> Self {
        self.under = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// Has a task done.
    pub(crate) async fn run(&self, task: &Task) -> Outcome<Measured> {
        const WHAT: &str = "start a client in a process of its own";
        let program = std::env::current_exe().map_err(during(WHAT))?.into_os_string();
        let wire = match self.wire {
            Wire::Json => "json",
            Wire::Cbor => "cbor",
            Wire::Sdk => "sdk",
        };
        let mut words = self.under.iter().chain([&program]);
        let told = Command::new(words.next().unwrap_or(&program))
            .args(words)
            .args([&self.flag, &serde_json::to_string(task)?])
            .env("HEADWATER_WIRE", wire)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let told = told.await.map_err(during(WHAT))?;
        if !told.status.success() {
            let why = String::from_utf8_lossy(&told.stderr);
            return Err(format!("{} by {:?} in {wire}: {}", task.job, task.side, why.trim()).into());
        }
        serde_json::from_slice(&told.stdout).map_err(during(format!("read what {} cost", task.job)))
    }
}
