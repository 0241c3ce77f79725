//! What a record costs the client: every processor, sending and reading, beside a bare loop over the AWS SDK.
//!
//! `headwater bench` is this for everybody; `cargo bench --bench throughput` is the same for who works on Headwater.
//!
//! ```text
//!  this process                                 a process of its own
//!  load ──► Headwater │ bare SDK loop ──HTTP──► headwater-local, without limits, or any other endpoint
//!           └─ clock: wall, and CPU of this process alone
//! ```
//!
//! # What is compared
//!
//! A *job* sends or reads 50,000 messages of 1,000 bytes through one processor, twice in each round: first with a loop
//! over `aws-sdk-kinesis`, then with Headwater, against the same server. What is written goes into a stream that is
//! new in each round. The ratio is taken within a round and the median over the rounds is shown, because clocks and
//! neighbours drift more from minute to minute than the two sides differ.
//!
//! - *Sending.* The loop serializes with the same serializer into `put_records` requests of 500 entries, four in
//!   flight. It promises nothing: no order, no retry of a failed entry.
//! - *Reading.* The loop asks for `get_records` pages of up to 10,000 records, a task for each shard, and decodes to
//!   the same type.
//! - *Relaying.* The loop puts what each page holds into the other stream before it asks for the next.
//!
//! The loop knows no framing: it always sends and reads one message per record, so that the jobs of one serializer
//! stand beside the same loop. Headwater joins messages of one key, in KPL aggregates those of one shard, so that a
//! record of another framing holds few where each key has ten messages; the `no-key` jobs show the same framings with
//! full records. What is read with a framing was written with full records.
//!
//! The `order` jobs send the same messages with more and fewer keys, and with no order (`off`): with one message per
//! record a key moves one per round trip.
//!
//! # What is on
//!
//! In Headwater: order per key, at most one unsettled entry for each of 5,000 keys; an ack for each message, paid
//! only when Kinesis confirmed it; leases, and checkpoints in memory. Off: the limiter (`Limits::Unlimited`) and the
//! pace of reading (`unpaced`), because the server has no limits. Where it has them both are on, and the loop waits
//! between pages and sends again what was throttled.
//!
//! CPU time is user and system time of this process, all of its threads. The server's is not in it, and is what keeps
//! `records/s` where it is: on few cores both share them. Every job checks its own result: the messages that the
//! server stores, to the byte, or those that were read. Filling a stream and looking at what it holds is not measured.
//!
//! # Example
//!
//! ```
//! use headwater_benches::{Bench, Endpoint, Job, Report, Settings};
//! use headwater_local::LocalKinesis;
//!
//! # #[tokio::main] async fn main() -> headwater_benches::Outcome {
//! let server = LocalKinesis::builder().serve().await?;
//! let endpoint = Endpoint::unlimited(&server.endpoint_url());
//! let jobs = Job::all().into_iter().filter(|job| job.to_string() == "sink/json").collect();
//! let settings = Settings { records: 100, rounds: 1, ..Settings::of(jobs) };
//!
//! let mut bench = Bench::connect(endpoint, settings).await?;
//! let jobs = bench.run(|job| eprintln!("{job}")).await;
//! bench.clean_up().await?; // whatever came of it
//! print!("{}", Report::new(bench.settings(), jobs?).table());
//! # Ok(()) }
//! ```

mod baseline;
mod bench;
mod clock;
mod comparison;
mod contents;
mod endpoint;
mod format;
mod guard;
mod job;
mod jobs;
mod laps;
mod limited;
mod load;
mod machine;
mod memory;
mod null;
mod order;
mod outcome;
mod peers;
mod process;
mod processor;
mod report;
mod run;
mod sdk;
mod serve;
mod server;
mod settings;
mod speed;
mod spread;
mod streams;

pub use baseline::Baseline;
pub use bench::Bench;
pub use clock::Cost;
pub use comparison::{Comparison, Figures, Packing};
pub use endpoint::Endpoint;
pub use guard::{Found, Guards, guard};
pub use job::{Job, Keys};
pub use laps::Lap;
pub use limited::{Limited, limited, limited_table};
pub use load::SIZES;
pub use machine::Machine;
pub use null::{Null, serve_null};
pub use outcome::{Error, Outcome};
pub use peers::{Beside, Peers, peers, peers_table};
pub use process::{Clients, client};
pub use processor::Processor;
pub use report::{Files, Report};
pub use serve::serve;
pub use server::Server;
pub use settings::{Settings, Side};
pub use speed::{
    Group, Line, Row, Served, Speed, all_tables, measure, put_table, rows, write_page, write_pictures,
};
pub use spread::Spread;
