//! Runs the Kinesis endpoint by itself, for programs that come and go.
//!
//! Teaches what a relay that is killed needs: streams that outlive it. Run this, then in another terminal
//! `relay --endpoint-url URL --store relay.sqlite` as often as you like. It ends with Ctrl-C, or after `--seconds`.

use std::net::Ipv4Addr;
use std::time::Duration;

use clap::Parser;
use headwater_examples::Outcome;
use headwater_local::LocalKinesis;

#[derive(Parser)]
#[command(about = "Runs a Kinesis endpoint on loopback")]
struct Args {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 4567)]
    port: u16,
    /// How long it runs, unless Ctrl-C comes first
    #[arg(long)]
    seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> Outcome {
    let args = Args::parse();
    let server = LocalKinesis::builder().bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    println!("{}", server.endpoint_url());
    let limit = args.seconds.map_or(Duration::MAX, Duration::from_secs);
    let _ = tokio::time::timeout(limit, tokio::signal::ctrl_c()).await;
    server.stop().await;
    Ok(())
}
