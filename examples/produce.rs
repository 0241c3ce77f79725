//! Writes messages to a stream.
//!
//! Teaches keys and what they promise: messages of one key stay in order, messages without one go where there is
//! room. Closing the sink sends what waits for company and returns once everything is confirmed.

use clap::Parser;
use futures::SinkExt;
use headwater::Message;
use headwater_examples::{EndpointArgs, Order, Outcome};
use headwater_kinesis::codec;

#[derive(Parser)]
#[command(about = "Writes orders to a Kinesis stream")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The stream, created with two shards unless it exists
    #[arg(long, default_value = "orders")]
    stream: String,
    /// How many orders to write
    #[arg(long, default_value_t = 1_000)]
    records: u64,
}

#[tokio::main]
async fn main() -> Outcome {
    let args = Args::parse();
    let endpoint = args.endpoint.connect().await?;
    let sink = endpoint.sink(&args.stream).create_stream(2).connect().await?;
    let status = sink.status();
    let mut orders = sink.encode(codec::json());

    for id in 0..args.records {
        let order = Order::new(id);
        let message = if id % 10 == 0 { Message::new(order) } else { order.into_message() };
        // Waits while the queue is full, and not for the answer.
        orders.feed(message).await?;
    }
    orders.close().await?;
    println!("stored {} messages in {} requests", status.stored(), status.requests());
    Ok(())
}
