//! What a record costs the client: every processor, sending and reading, beside a bare loop over the AWS SDK.
//!
//! ```text
//! cargo bench --bench throughput                         all of it, about two minutes
//! cargo bench --bench throughput -- --quick              one round of a tenth of the records
//! cargo bench --bench throughput -- --only source/json   the jobs whose name contains that
//! cargo bench --bench throughput -- --rounds 9           more rounds, for a busy machine
//! cargo bench --bench throughput -- --json figures.json  every figure of every round too
//! ```
//!
//! ```text
//!  this process                                 a process of its own
//!  load ──► Headwater │ bare SDK loop ──HTTP──► headwater-local, without limits
//!           └─ clock: wall, and CPU of this process alone
//! ```
//!
//! # What is compared
//!
//! A *job* sends or reads 50,000 messages of about 1 KB through one processor, twice in each round: first with a loop
//! over `aws-sdk-kinesis`, then with Headwater, against the same server and a stream that is new in each round. The
//! ratio is taken within a round and the median over the rounds is shown, because clocks and neighbours drift more
//! from minute to minute than the two sides differ.
//!
//! - *Sending.* The loop serializes with the same serializer into `put_records` requests of 500 entries, four in
//!   flight. It promises nothing: no order, no retry of a failed entry.
//! - *Reading.* The loop asks for `get_records` pages of up to 10,000 records, a task for each shard, and decodes to
//!   the same type.
//! - *Relaying.* The loop puts what each page holds into the other stream before it asks for the next.
//!
//! The loop knows no framing: it always sends and reads one message per record, so that the jobs of one serializer
//! stand beside the same loop. Headwater joins messages of one key, in KPL aggregates those of one shard, so that a
//! record of another framing holds few where each key has ten messages; the `no-key` jobs show the same framings with full records. What is read with a framing
//! was written with full records.
//!
//! The `order` jobs send the same messages with more and fewer keys, and with no order (`off`): with one message per
//! record a key moves one per round trip.
//!
//! # What is on
//!
//! In Headwater: order per key, at most one unsettled entry for each of 5,000 keys; an ack for each message, paid
//! only when Kinesis confirmed it; leases, and checkpoints in memory. Off: the limiter (`Limits::Unlimited`) and the
//! pace of reading (`unpaced`), because the server has no limits.
//!
//! CPU time is user and system time of this process, all of its threads. The server's is not in it, and is what keeps
//! `records/s` where it is: on few cores both share them. Every job checks its own result: the messages that the
//! server stores, to the byte, or those that were read.

mod args;
mod bench;
mod clock;
mod command;
mod comparison;
mod format;
mod job;
mod jobs;
mod load;
mod order;
mod processor;
mod report;
mod run;
mod sdk;
mod serve;
mod server;
mod spread;
mod table;

use clap::Parser;
use tokio::runtime::Builder;

use crate::args::Args;
use crate::bench::Bench;

/// What everything here returns.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome {
    let args = Args::parse();
    if args.serve {
        // One thread, so that it takes no more than one core from the client.
        return Builder::new_current_thread().enable_all().build()?.block_on(serve::serve());
    }
    let runtime = Builder::new_multi_thread().worker_threads(args.threads()).enable_all().build()?;
    let report = runtime.block_on(async { Bench::start(&args)?.run(&args).await })?;
    print!("{}", table::table(&report));
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}
