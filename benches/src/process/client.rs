//! The process that does a job.

use std::io::Write;
use std::thread::available_parallelism;

use headwater_kinesis::Limits;
use tokio::runtime::Builder;

use crate::endpoint::Endpoint;
use crate::laps::Laps;
use crate::load::Load;
use crate::memory::{forget_peak, peak, resident};
use crate::outcome::Outcome;
use crate::process::{Measured, Task};

/// Does the job that a line of JSON describes, and tells what it cost in a line of JSON on standard output.
///
/// `allocations` is asked how often memory was allocated since the process began, where its allocator counts that.
///
/// # Errors
///
/// When the job failed, or the line is none that [`Clients`](crate::Clients) wrote.
pub fn client(task: &str, allocations: Option<fn() -> u64>) -> Outcome {
    let task: Task = serde_json::from_str(task)?;
    let threads = available_parallelism().map_or(1, Into::into);
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let measured = runtime.block_on(measure(&task, allocations))?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(&measured)?)?;
    Ok(stdout.flush()?)
}

async fn measure(task: &Task, allocations: Option<fn() -> u64>) -> Outcome<Measured> {
    let mut endpoint = Endpoint::unlimited(&task.url);
    endpoint.request_bytes = task.request_bytes;
    if task.limited {
        endpoint.limits = Limits::default();
    }
    let load = Load::new(task.records, task.size)?;
    if let Some(to) = &task.practice {
        // The first run of a process pays for what is set up once.
        task.run(to)?.go(&endpoint, &load, &Laps::start(None)).await?;
    }

    forget_peak();
    let before = (resident(), allocations.map(|count| count()));
    let laps = Laps::start(task.lap);
    let done = task.run(&task.to)?.go(&endpoint, &load, &laps).await?;
    let (mut cost, laps) = laps.stop();
    cost.allocations = allocations.zip(before.1).map(|(count, before)| count() - before);
    cost.peak_bytes = peak().zip(before.0).map(|(peak, before)| peak.saturating_sub(before));
    Ok(Measured { cost, done, laps })
}
