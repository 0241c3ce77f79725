//! The flags of `headwater put`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use headwater::HashKey;
use headwater_kinesis::{KinesisSinkBuilder, Limits, StreamRef};

use crate::args::EXIT_CODES;
use crate::codec::{CodecName, Compress, CompressParser};
use crate::connection::Connection;
use crate::count::count;
use crate::create::Create;
use crate::duration::duration;
use crate::keys::partition_key;
use crate::order::Order;
use crate::seeing::SeeingArgs;

use super::pace::Pace;

/// Puts an argument, or the lines of standard input, into a stream
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("\
Every line is a message, without its end. With a JSON codec a line is one JSON value, and
blank lines are skipped. A line that cannot be put is told of with its number, or written to
--dead-letter, and the rest goes on. Messages of one key are stored in their order; those
without a key go wherever there is room.

A dead letter is a line of JSON: \"line\", \"key\", \"error\", \"delivery\" (\"not stored\", or
\"unknown\" where an answer was lost and it may be stored all the same), and \"payload\" as text,
or \"base64\" where it is none.

Examples:
  headwater put orders '{{\"id\":7}}' --codec json --key customer-7
  seq 1 100000 | headwater put numbers --create 4
  headwater put orders --codec kpl-json --key-field customer --dead-letter failed < orders.ndjson
  jq -r .payload failed | headwater put orders --codec kpl-json --key-field customer
  headwater put images --codec bytes --whole --key cat < cat.png

{EXIT_CODES}"))]
pub(crate) struct PutArgs {
    /// The stream, by its name or its ARN
    pub(super) stream: StreamRef,
    /// One message. Without it, or with `-`, standard input is read
    #[arg(allow_hyphen_values = true)]
    pub(super) data: Option<String>,
    /// How messages become records
    #[arg(long, value_enum, value_name = "CODEC", default_value_t = CodecName::String, help_heading = "Messages")]
    pub(super) codec: CodecName,
    /// Compress records, each whole, where that makes them shorter
    #[arg(long, value_name = "FORMAT[:LEVEL]", value_parser = CompressParser, help_heading = "Messages")]
    pub(super) compress: Option<Compress>,
    /// Take all of standard input as one message
    #[arg(long, help_heading = "Messages")]
    pub(super) whole: bool,
    /// The partition key of every message, of 1 to 256 characters. Otherwise each gets a generated one
    #[arg(long, value_parser = partition_key, conflicts_with = "key_field", help_heading = "Messages")]
    pub(super) key: Option<String>,
    /// Take each partition key from this top-level field of the JSON
    #[arg(long, value_name = "FIELD", help_heading = "Messages")]
    pub(super) key_field: Option<String>,
    /// The hash key that decides the shard instead of the partition key: a decimal number below 2^128
    #[arg(long, value_name = "NUMBER", help_heading = "Messages")]
    pub(super) hash_key: Option<HashKey>,
    /// Create the stream unless it exists, with so many shards, or on-demand
    #[arg(long, value_name = "N|on-demand", help_heading = "Delivery")]
    pub(super) create: Option<Create>,
    /// Which order is kept: that of the messages of each key, or none
    #[arg(long, value_enum, value_name = "ORDER", default_value_t, help_heading = "Delivery")]
    pub(super) order: Order,
    /// The most messages a second. Otherwise as fast as the shards take them
    #[arg(long, value_name = "N", help_heading = "Delivery")]
    pub(super) rate: Option<Pace>,
    /// The most requests on their way
    #[arg(long, value_name = "N", default_value = "4", value_parser = count::<NonZeroUsize>, help_heading = "Delivery")]
    pub(super) max_in_flight: NonZeroUsize,
    /// How long a part-filled record or request waits for company
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration, help_heading = "Delivery")]
    pub(super) linger: Duration,
    /// Do not keep to the limits of shards, 1,000 records and 1 MiB a second each: for endpoints without limits
    #[arg(long, help_heading = "Delivery")]
    pub(super) unlimited: bool,
    /// How often a message is tried again. Otherwise until its time to live is over
    #[arg(long, value_name = "N", help_heading = "Delivery")]
    pub(super) retry_limit: Option<u32>,
    /// How long after its first attempt a message is tried again
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration, help_heading = "Delivery")]
    pub(super) time_to_live: Duration,
    /// Append what cannot be delivered to this file, as lines of JSON
    #[arg(long, value_name = "FILE", help_heading = "Delivery")]
    pub(super) dead_letter: Option<PathBuf>,
    /// Print a line of JSON for each stored message: line, shard, sequence, sub_sequence, attempts
    #[arg(long, help_heading = "Delivery")]
    pub(super) receipts: bool,
    #[command(flatten)]
    pub(super) seeing: SeeingArgs,
}

impl PutArgs {
    /// Describes the sink that they ask for.
    pub(super) fn sink(&self, connection: &Connection) -> KinesisSinkBuilder {
        let mut sink = connection
            .sink(&self.stream)
            .max_in_flight(self.max_in_flight.get())
            .linger(self.linger)
            .time_to_live(self.time_to_live)
            .ordering(self.order.into());
        if self.unlimited {
            sink = sink.limits(Limits::Unlimited);
        }
        if let Some(retries) = self.retry_limit {
            sink = sink.retry_limit(retries);
        }
        match self.create {
            Some(create) => create.with(sink),
            None => sink,
        }
    }
}
