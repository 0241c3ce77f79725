//! The processes that do the jobs, as the benchmark sees them.

use std::process::Stdio;

use headwater_kinesis::Wire;
use tokio::process::Command;

use crate::outcome::{Outcome, during};
use crate::process::{Measured, Task};

/// Starts this program as the process that does a job.
#[derive(Clone, Debug)]
pub struct Clients {
    /// What makes this program call [`client`](crate::client) with the argument that follows.
    pub flag: String,
    /// In which format Headwater's side sends and reads records.
    pub wire: Wire,
}

impl Clients {
    /// Has a task done.
    pub(crate) async fn run(&self, task: &Task) -> Outcome<Measured> {
        const WHAT: &str = "start a client in a process of its own";
        let program = std::env::current_exe().map_err(during(WHAT))?;
        let wire = match self.wire {
            Wire::Json => "json",
            Wire::Cbor => "cbor",
            Wire::Sdk => "sdk",
        };
        let told = Command::new(program)
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
