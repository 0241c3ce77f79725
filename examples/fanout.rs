//! Sends every message of one stream to two others.
//!
//! Teaches the tee: `fanout` clones each message, the clones share its debt, and the source's checkpoint moves past
//! it when both streams have confirmed it. Also `filter`: what is left out on purpose counts as done.

use clap::Parser;
use futures::{SinkExt, StreamExt, TryStreamExt};
use headwater::source::Until;
use headwater_examples::{EndpointArgs, Order, Outcome, fill};
use headwater_kinesis::codec;

#[derive(Parser)]
#[command(about = "Sends every order of one Kinesis stream to two others")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// How many orders to write first
    #[arg(long, default_value_t = 1_000)]
    records: u64,
}

#[tokio::main]
async fn main() -> Outcome {
    let args = Args::parse();
    let endpoint = args.endpoint.connect().await?;
    fill(&endpoint, "orders", args.records).await?;

    let orders = endpoint.source("orders").until(Until::Tip).connect().await?.decode(codec::json::<Order>());
    let control = orders.control();
    let archive = endpoint.sink("archive").create_stream(1).connect().await?;
    let billing = endpoint.sink("billing").create_stream(2).connect().await?;
    let (archived, billed) = (archive.status(), billing.status());

    let even = orders.try_filter_map(|order| async { Ok(order.filter(|order| order.id % 2 == 0)) });
    even.forward(archive.encode(codec::kpl_json()).fanout(billing.encode(codec::json()))).await?;
    control.finished().await?; // both have every message
    println!("archived {} and billed {} of {} orders", archived.stored(), billed.stored(), args.records);
    Ok(())
}
