//! Reads a stream to its tip.
//!
//! Teaches acks: a message counts as done when it is acked, in whatever order, and the checkpoint of a shard is the
//! longest acked prefix. With `--store` and an `--endpoint-url` (the `serve` example gives one) a second run reads only
//! what is new.

use std::path::PathBuf;

use clap::Parser;
use futures::TryStreamExt;
use headwater::source::Until;
use headwater_examples::{EndpointArgs, Failure, Order, Outcome, fill};
use headwater_kinesis::codec::{self, Poison};
use headwater_sqlite::SqliteCheckpoints;

#[derive(Parser)]
#[command(about = "Reads orders from a Kinesis stream")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The stream
    #[arg(long, default_value = "orders")]
    stream: String,
    /// A file for the checkpoints
    #[arg(long)]
    store: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Outcome {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn").init();
    let args = Args::parse();
    let endpoint = args.endpoint.connect_lasting(args.store.as_deref()).await?;
    if endpoint.embedded().is_some() {
        fill(&endpoint, &args.stream, 1_000).await?; // it is empty at every start
    }

    let mut source = endpoint.source(&args.stream).application("consume").until(Until::Tip);
    if let Some(path) = args.store {
        source = source.checkpoints(SqliteCheckpoints::open(path).await?);
    }
    let mut orders = source.connect().await?.decode(codec::json::<Order>()).on_poison(Poison::Skip);
    let (control, poison) = (orders.control(), orders.poison_count());

    let mut count = 0;
    while let Some(order) = orders.try_next().await? {
        if count == 0 {
            let origin = order.origin().ok_or_else(|| Failure::new("a source names the origin"))?;
            println!("first: order {} from {} at {}", order.payload().id, origin.shard(), origin.position());
        }
        count += 1;
        order.ack();
    }
    control.finished().await?; // the last checkpoint is stored
    println!("read {count} orders; {} could not be decoded", poison.get());
    Ok(())
}
