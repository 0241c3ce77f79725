//! `headwater describe`: what there is to know of a stream.

mod backlog;
mod described;
mod page;

use clap::Args;
use headwater_kinesis::StreamRef;

use crate::args::EXIT_CODES;
use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::stdout;
use crate::stream_api::StreamApi;

use self::described::Described;

/// Describes a stream: shards, hash ranges, parents, lag, limits, mode
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
The lag of a shard is how far behind its tip a reader is that begins with the oldest record: the
time that its records span. `headwater group APP list` tells how far an application is.

Examples:
  headwater describe orders
  headwater describe orders --closed --no-lag
  headwater describe orders --output json | jq '.shards[].shard_id'

Needs kinesis:DescribeStreamSummary and kinesis:ListShards; kinesis:ListStreamConsumers for the
consumers; kinesis:GetShardIterator and kinesis:GetRecords for the lag, which takes one read of
one record from each shard.

{EXIT_CODES}"))]
pub(crate) struct DescribeArgs {
    /// The stream, by its name or its ARN
    stream: StreamRef,
    /// Show the closed shards too, which are kept for as long as their records
    #[arg(long)]
    closed: bool,
    /// Read nothing: leave the lag out
    #[arg(long)]
    no_lag: bool,
    /// How it is laid out
    #[arg(short, long, value_enum, value_name = "LAYOUT", default_value_t)]
    output: Layout,
}

/// Does it.
pub(crate) async fn run(args: DescribeArgs, context: Context) -> Result<Exit, Failure> {
    let connection = Connection::load(&context.globals).await;
    let api = StreamApi::new(&connection, args.stream)?;
    let mut described = Described::load(&api, args.closed).await.map_err(Failure::failed)?;
    if !args.no_lag {
        described.read_backlogs(&api).await;
    }
    stdout::print(|out| match args.output {
        Layout::Json => {
            serde_json::to_writer(&mut *out, &described)?;
            writeln!(out)
        }
        Layout::Table => page::write(&described, out),
    })?;
    Ok(Exit::Done)
}
