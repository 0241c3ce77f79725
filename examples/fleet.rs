//! Workers that come and go share the shards of a stream.
//!
//! Teaches fleets: every worker is the same program with the same application name and a store that all of them reach,
//! and the shards even out by themselves. Here they run in one process and share its memory; with `SqliteCheckpoints`,
//! `RedisCheckpoints` or `DynamoDbCheckpoints` they run wherever you like.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use futures::TryStreamExt;
use headwater::checkpoint::MemoryCheckpoints;
use headwater::source::{Control, ShardState};
use headwater_examples::{Endpoint, EndpointArgs, Outcome, fill};
use tokio::time::sleep;

#[derive(Parser)]
#[command(about = "Reads orders with workers that come and go")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The stream
    #[arg(long, default_value = "orders")]
    stream: String,
    /// How many workers
    #[arg(long, default_value_t = 3)]
    workers: usize,
}

#[tokio::main]
async fn main() -> Outcome {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn").init();
    let args = Args::parse();
    let endpoint = args.endpoint.connect().await?;
    fill(&endpoint, &args.stream, 1_000).await?;

    let (store, read) = (MemoryCheckpoints::new(), Arc::new(AtomicUsize::new(0)));
    let mut workers = Vec::new();
    for _ in 0..args.workers {
        workers.push(join(&endpoint, &args.stream, &store, &read).await?);
        settle(&workers).await;
    }
    while let Some(worker) = workers.pop() {
        worker.stop();
        worker.finished().await?; // its last checkpoints are stored, and its shards are free
        settle(&workers).await;
    }
    println!("read {} orders", read.load(Ordering::Relaxed));
    Ok(())
}

/// Starts a worker that acks what it reads.
async fn join(
    endpoint: &Endpoint,
    stream: &str,
    store: &MemoryCheckpoints,
    read: &Arc<AtomicUsize>,
) -> Outcome<Control> {
    let source = endpoint.source(stream).application("fleet").checkpoints(store.clone()).connect().await?;
    let (control, read) = (source.control(), Arc::clone(read));
    tokio::spawn(source.try_for_each(move |order| {
        order.ack();
        read.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    }));
    Ok(control)
}

/// Waits until the workers read every shard, none of them more than one beyond another, and says how many each has.
async fn settle(workers: &[Control]) {
    loop {
        let reading = |worker: &Control| {
            worker.status().iter().filter(|shard| shard.state == ShardState::Reading).count()
        };
        let shards = workers.first().map_or(0, |worker| worker.status().len());
        let parts: Vec<usize> = workers.iter().map(reading).collect();
        let uneven = parts.iter().max().unwrap_or(&0) - parts.iter().min().unwrap_or(&0);
        if parts.iter().sum::<usize>() == shards && uneven <= 1 {
            return println!("{} workers read {parts:?} shards", workers.len());
        }
        sleep(Duration::from_millis(20)).await;
    }
}
