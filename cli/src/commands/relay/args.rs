//! The flags of `headwater relay`.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use headwater_kinesis::StreamRef;

use crate::args::EXIT_CODES;
use crate::begin::Begin;
use crate::codec::{CodecName, Compress, CompressParser};
use crate::commands::relay::jq::Jq;
use crate::commands::relay::on_error::OnError;
use crate::count::count;
use crate::create::Create;
use crate::duration::duration;
use crate::order::Order;
use crate::place::Place;
use crate::seeing::SeeingArgs;
use crate::stores::StoreArgs;
use crate::until::Until;

/// Reads a stream into another, at least once, its checkpoints behind what was confirmed
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help(), after_long_help = after_help())]
pub(crate) struct RelayArgs {
    /// The stream that is read, by its name or its ARN
    pub(super) from: StreamRef,
    /// The stream that is written, by its name or its ARN
    pub(super) to: StreamRef,

    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// Where to begin without a checkpoint: horizon, latest, a time ago such as -15m, or an RFC 3339 time
    #[arg(long = "from", value_name = "START", default_value = "horizon", allow_hyphen_values = true)]
    pub(super) begin: Begin,
    /// Where to end: tip, which is what is there at the start, or a time as in --from. Otherwise: never
    #[arg(long, value_name = "END", allow_hyphen_values = true)]
    pub(super) until: Option<Until>,
    /// How many workers share the shards in this process, each with a source and a sink of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = count::<NonZeroUsize>)]
    pub(super) workers: NonZeroUsize,

    /// What a record is, on both sides. Otherwise: bytes, which relays records as they are
    #[arg(long, value_name = "CODEC", help_heading = "Messages")]
    pub(super) codec: Option<CodecName>,
    /// What a record of FROM is. Otherwise: as --codec
    #[arg(long, value_name = "CODEC", help_heading = "Messages")]
    pub(super) codec_in: Option<CodecName>,
    /// What a record of TO is. Otherwise: as --codec
    #[arg(long, value_name = "CODEC", help_heading = "Messages")]
    pub(super) codec_out: Option<CodecName>,
    /// Compress the records of TO, each whole, where that makes them shorter. Those of FROM are inflated whatever they are,
    /// unless their codec is bytes
    #[arg(long, value_name = "FORMAT[:LEVEL]", value_parser = CompressParser, help_heading = "Messages")]
    pub(super) compress: Option<Compress>,
    /// A jq expression that maps and filters: the message is its input, and each output is a message with the same key
    ///
    /// No output filters the message out. The input is the JSON value, or a JSON string where the codec is string or
    /// kpl-string; an output becomes JSON, or, where the codec out is string, kpl-string or bytes, the text of a string
    /// and the JSON of all else. Fields keep their order, and numbers their digits unless they are calculated with; of a
    /// field that is there twice the last stays. jq's env and input are not there, and halt is an error.
    #[arg(long, value_name = "EXPR", help_heading = "Messages")]
    pub(super) jq: Option<Jq>,
    /// A jq expression that makes the partition key from a message, after --jq: one string, number or boolean
    #[arg(long, value_name = "EXPR", help_heading = "Messages")]
    pub(super) key_jq: Option<Jq>,
    /// Leave KPL aggregates whole. Otherwise: each user record is a message
    #[arg(long, help_heading = "Messages")]
    pub(super) whole: bool,

    /// What becomes of a message that cannot be decoded, mapped or encoded. Otherwise: dead-letter where --dead-letter
    /// is given, else fail
    #[arg(long, value_name = "WHAT", help_heading = "Failures")]
    pub(super) on_error: Option<OnError>,
    /// A stream or a file (./NAME, *.ndjson, file:NAME) that takes what cannot be relayed: a JSON object for each message,
    /// as copy writes them, with what is wrong as `error`. A message counts as done once it is on the disk of the file, or confirmed by the stream
    #[arg(long, value_name = "STREAM|FILE", help_heading = "Failures")]
    pub(super) dead_letter: Option<Place>,
    /// How long Kinesis or the checkpoint store may fail before the relay ends
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, help_heading = "Failures")]
    pub(super) outage_limit: Duration,

    /// Create TO unless it exists, with so many shards, or on-demand
    #[arg(long, value_name = "N|on-demand", help_heading = "Writing")]
    pub(super) create: Option<Create>,
    /// Which order is kept: that of the messages of each key, or none
    #[arg(long, value_enum, value_name = "ORDER", default_value_t, help_heading = "Writing")]
    pub(super) order: Order,
    /// The most requests of a worker on their way
    #[arg(long, value_name = "N", default_value = "4", value_parser = count::<NonZeroUsize>, help_heading = "Writing")]
    pub(super) max_in_flight: NonZeroUsize,
    /// How long a part-filled record or request waits for company
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration, help_heading = "Writing")]
    pub(super) linger: Duration,
    /// Do not keep to the limits of shards, 1,000 records and 1 MiB a second each: for endpoints without limits
    #[arg(long, help_heading = "Writing")]
    pub(super) unlimited: bool,

    /// Read by enhanced fan-out, as the consumer of this name, which is registered unless it is there, and billed
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub(super) fan_out: Option<String>,
    /// After how long without a renewal a shard is another worker's
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = "Reading")]
    pub(super) lease_time: Duration,
    /// How often checkpoints are stored
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, help_heading = "Reading")]
    pub(super) commit_interval: Duration,
    /// Poll as fast as it goes, for endpoints without read limits
    #[arg(long, help_heading = "Reading")]
    pub(super) unpaced: bool,

    #[command(flatten)]
    pub(super) seeing: SeeingArgs,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  headwater relay orders copies --until tip
  headwater relay orders copies --app copier --checkpoints sqlite:/var/lib/copier.db
  headwater relay orders large --codec json --jq 'select(.total > 1000)' --key-jq .customer
  headwater relay orders lines --codec-in kpl-json --codec-out json-lines --dead-letter bad.ndjson
  headwater relay orders copies --app copier --checkpoints redis://cache --workers 2

A relay that was stopped or killed goes on at its checkpoints: nothing is lost, and what was not
stored repeats. Dead letters, and messages that --on-error skip left out, end it with 3. Mended
dead letters are put back by `headwater copy FILE STREAM`.

{EXIT_CODES}"
    )
}
