//! Sends from many tasks to one sink.
//!
//! Teaches the producer, which every task clones, and what tells how a message fared: a receipt for those who need to
//! know, and a sink of dead letters for the rest. Messages of all keys of a shard share KPL aggregates.

use std::time::Duration;

use clap::Parser;
use futures::future::try_join_all;
use headwater::batch::Producer;
use headwater_examples::{EndpointArgs, Order, Outcome};
use headwater_kinesis::codec;

#[derive(Parser)]
#[command(about = "Sends orders to a Kinesis stream from many tasks")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The stream, created with four shards unless it exists
    #[arg(long, default_value = "orders")]
    stream: String,
    /// How many tasks send
    #[arg(long, default_value_t = 20)]
    tasks: u64,
    /// How many orders each sends
    #[arg(long, default_value_t = 100)]
    records: u64,
}

/// Sends the orders of one task, and waits for the receipt of the last.
async fn work(producer: Producer<Order>, task: u64, records: u64) -> headwater::Result<Duration> {
    let first = task * records;
    for id in first..first + records - 1 {
        producer.send(Order::new(id).into_message()).await?;
    }
    let receipt = producer.put(Order::new(first + records - 1).into_message()).await?;
    let delivered = receipt.await?;
    Ok(delivered.queued() + delivered.wire())
}

#[tokio::main]
async fn main() -> Outcome {
    let args = Args::parse();
    let endpoint = args.endpoint.connect().await?;
    let rejects = endpoint.sink("rejected-orders").create_stream(1).connect().await?;
    let builder = endpoint.sink(&args.stream).create_stream(4).dead_letters(rejects);
    let producer = builder.connect().await?.encode(codec::kpl_json()).producer();

    let tasks = (0..args.tasks).map(|task| work(producer.clone(), task, args.records.max(1)));
    let waits = try_join_all(tasks).await?;
    let undelivered = producer.close().await;

    let (status, longest) = (producer.status(), waits.into_iter().max().unwrap_or_default());
    println!("stored {} messages in {} requests", status.stored(), status.requests());
    println!("{} handed back; the longest of the last ones waited {longest:.1?}", undelivered.len());
    Ok(())
}
