//! A consumer in a process of its own, so that what it takes in memory can be told from what its server takes.
//!
//! Reads as many messages as its job says, each of which begins with its number, stops in the middle for a while, and
//! prints what came of it.

use std::time::Duration;

use futures::TryStreamExt;
use headwater_kinesis::KinesisSource;
use headwater_tests::{ReaderJob, ReaderReport, dummy_config};
use tokio::time::sleep;

/// How long the source has to fill its budget before a stall is measured.
const SETTLING: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let job = std::env::args().nth(1).ok_or("reader JOB: one argument, the job as JSON")?;
    let job: ReaderJob = serde_json::from_str(&job)?;
    let mut source = KinesisSource::builder(&job.stream)
        .sdk_config(dummy_config(&job.url))
        .buffer_bytes(job.buffer_bytes)
        .unpaced();
    if let Some(name) = &job.fan_out {
        source = source.fan_out(name);
    }
    let mut source = source.connect().await?;
    let control = source.control();

    let mut seen = vec![false; job.messages];
    let mut report = ReaderReport::default();
    while report.read < job.messages {
        if report.read == job.stall_after && report.settled_kib == 0 {
            sleep(SETTLING).await;
            report.settled_kib = memory("VmRSS:")?;
            sleep(job.stall).await;
            report.stalled_kib = memory("VmRSS:")?;
            let status = control.status();
            report.lag_millis =
                status.iter().filter_map(|shard| shard.millis_behind_latest).max().unwrap_or(0);
        }
        let message = source.try_next().await?.ok_or("the stream goes on")?;
        let number = message.payload().first_chunk().ok_or("a message begins with its number")?;
        let number = usize::try_from(u64::from_be_bytes(*number))?;
        if std::mem::replace(&mut seen[number], true) {
            report.repeated += 1;
        } else {
            report.read += 1;
        }
        message.ack();
    }
    drop(source);
    control.finished().await?;
    report.peak_kib = memory("VmHWM:")?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Returns what Linux says that this process takes, in KiB.
fn memory(field: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .ok_or("no such field in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
