//! `headwater which`.

use std::io::{self, Write};

use aws_sdk_kinesis::types::{RecordDistributionStrategy, Shard};
use clap::Args;
use headwater::{HashKey, Key};
use headwater_kinesis::StreamRef;
use headwater_kinesis::kpl::hash_key;
use serde::Serialize;

use crate::args::EXIT_CODES;
use crate::connection::Connection;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::partition_key;
use crate::layout::Layout;
use crate::note::note;
use crate::stdout;
use crate::stream_api::{StreamApi, is_open};
use crate::table::Table;

/// Tells which shard owns a key
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
A key belongs to the shard whose hash keys hold its MD5, or the explicit hash key that it is put with.

Examples:
  headwater which orders customer-7
  headwater which orders customer-7 --closed
  headwater which orders --hash-key 170141183460469231731687303715884105728 --output json

Needs kinesis:ListShards.

{EXIT_CODES}"))]
pub(crate) struct WhichArgs {
    /// The stream, by its name or its ARN
    stream: StreamRef,
    /// The partition key, of 1 to 256 characters
    #[arg(value_parser = partition_key, required_unless_present = "hash_key")]
    key: Option<String>,
    /// An explicit hash key, which decides instead of the key: a decimal number below 2^128
    #[arg(long, value_name = "NUMBER")]
    hash_key: Option<HashKey>,
    /// Show the closed shards too that owned the key before, the last one first
    #[arg(long)]
    closed: bool,
    /// How it is laid out
    #[arg(short, long, value_enum, value_name = "LAYOUT", default_value_t)]
    output: Layout,
}

/// A shard that owns the key, or did.
#[derive(Debug, Serialize)]
struct Owner<'a> {
    partition_key: Option<&'a str>,
    hash_key: String,
    shard_id: &'a str,
    state: &'static str,
    starting_hash_key: &'a str,
    ending_hash_key: &'a str,
}

/// Does it.
pub(crate) async fn run(args: WhichArgs, context: Context) -> Result<Exit, Failure> {
    let connection = Connection::load(&context.globals).await;
    let name = args.stream.to_string();
    let api = StreamApi::new(&connection, args.stream)?;
    let mut shards = api.shards().await.map_err(Failure::failed)?;
    let key = args.key.as_deref();
    let hash = args.hash_key.unwrap_or_else(|| hash_key(&Key::from(key.unwrap_or_default())));
    shards.retain(|shard| (args.closed || is_open(shard)) && holds(shard, hash));
    // The ids of shards grow, and an open one is the youngest that holds the key.
    shards.sort_by(|a, b| is_open(b).cmp(&is_open(a)).then_with(|| b.shard_id.cmp(&a.shard_id)));
    if !shards.iter().any(is_open) {
        return Err(Failure::failed(format!(
            "stream {name} has no open shard for hash key {hash}: it may be resharding; try again"
        )));
    }
    // Who may not describe the stream still learns what its shards say.
    if let Ok(summary) = api.summary().await
        && summary.record_distribution_strategy == Some(RecordDistributionStrategy::Auto)
    {
        note(format_args!("stream {name} distributes records by itself (AUTO): keys choose no shard"));
    }
    let owners = shards.iter().map(|shard| Owner::new(key, hash, shard));
    stdout::print(|out| write(owners, args.output, out))?;
    Ok(Exit::Done)
}

fn write<'a>(owners: impl Iterator<Item = Owner<'a>>, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["SHARD", "STATE", "HASH KEY", "FIRST HASH KEY", "LAST HASH KEY"]);
    for column in [2, 3, 4] {
        table = table.numbers(column);
    }
    for owner in owners {
        match layout {
            Layout::Json => {
                serde_json::to_writer(&mut *out, &owner)?;
                writeln!(out)?;
            }
            Layout::Table => table.row(owner.cells()),
        }
    }
    if layout == Layout::Table {
        table.write(out)?;
    }
    Ok(())
}

impl<'a> Owner<'a> {
    fn new(partition_key: Option<&'a str>, hash: HashKey, shard: &'a Shard) -> Self {
        let range = shard.hash_key_range.as_ref();
        Self {
            partition_key,
            hash_key: hash.to_string(),
            shard_id: &shard.shard_id,
            state: if is_open(shard) { "open" } else { "closed" },
            starting_hash_key: range.map_or("", |range| &range.starting_hash_key),
            ending_hash_key: range.map_or("", |range| &range.ending_hash_key),
        }
    }

    fn cells(&self) -> [String; 5] {
        let cells = [self.shard_id, self.state, &self.hash_key, self.starting_hash_key, self.ending_hash_key];
        cells.map(str::to_owned)
    }
}

fn holds(shard: &Shard, hash: HashKey) -> bool {
    let range = shard.hash_key_range.as_ref();
    let range = range.and_then(|range| {
        Some(range.starting_hash_key.parse().ok()?..=range.ending_hash_key.parse::<HashKey>().ok()?)
    });
    range.is_some_and(|range| range.contains(&hash))
}
