//! The main job: relays one stream into another, at-least-once from end to end, and proves that nothing was lost.
//!
//! Teaches the whole shape of a pipeline: source, decode, map, encode, sink, and checkpoints that move only when the
//! target has confirmed each message. Kill it at any moment and start it again with the same `--store` and
//! `--endpoint-url` (the `serve` example gives one): it writes the orders that are missing and goes on where its
//! checkpoints stand.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::{CheckpointStore, MemoryCheckpoints};
use headwater::source::Until;
use headwater_examples::{Audit, Endpoint, EndpointArgs, Failure, Invoice, Order, Outcome, fill};
use headwater_kinesis::codec;
use headwater_sqlite::SqliteCheckpoints;
use indicatif::ProgressBar;

#[derive(Parser)]
#[command(about = "Relays orders from one Kinesis stream into another and counts what arrived")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// How many orders of about 1 KB to write and relay
    #[arg(long, default_value_t = 50_000)]
    records: u64,
    /// A file for the checkpoints, so that a relay that was killed resumes
    #[arg(long)]
    store: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Outcome {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn").init();
    let args = Args::parse();
    let endpoint = args.endpoint.connect_lasting(args.store.as_deref()).await?;
    fill(&endpoint, "orders", args.records).await?;

    let begun = Instant::now();
    match args.store {
        Some(path) => relay(&endpoint, args.records, SqliteCheckpoints::open(path).await?).await?,
        None => relay(&endpoint, args.records, MemoryCheckpoints::new()).await?,
    }
    let audit = Audit::of(&endpoint, "invoices", args.records, begun.elapsed().as_secs_f64()).await?;
    println!("{}", serde_json::to_string(&audit)?);
    if audit.is_complete() { Ok(()) } else { Err(Failure::new("orders are missing or out of order")) }
}

async fn relay(endpoint: &Endpoint, records: u64, store: impl CheckpointStore) -> Outcome {
    let orders = endpoint
        .source("orders")
        .application("relay")
        .checkpoints(store)
        .until(Until::Tip)
        .lease_time(Duration::from_secs(1))
        .commit_interval(Duration::from_millis(100))
        .connect()
        .await?
        .decode(codec::json::<Order>());
    let invoices = endpoint.sink("invoices").create_stream(4).connect().await?.encode(codec::json());

    let control = orders.control();
    let bar = ProgressBar::new(records).with_message("relaying");
    orders.map_ok(|order| order.map(Invoice::from)).inspect_ok(|_| bar.inc(1)).forward(invoices).await?;
    control.finished().await?; // the last checkpoint is stored
    bar.finish_and_clear();
    Ok(())
}
