//! The flags of `headwater copy`.

use std::num::NonZeroUsize;

use clap::Args;

use crate::begin::Begin;
use crate::count::count;
use crate::create::Create;
use crate::failure::Failure;
use crate::place::Place;
use crate::seeing::SeeingArgs;
use crate::until::Until;

const EXAMPLES: &str = "\
Examples:
  headwater copy orders orders.ndjson            what is there now; once more: what came since
  headwater copy orders orders.ndjson --follow   and what comes, until Ctrl-C
  headwater copy orders.ndjson replayed --create 4
  headwater copy orders - --from -1h | gzip > orders.gz
  zcat orders.gz | headwater copy - replayed

A line is {\"shard\", \"sequence\", \"sub_sequence\", \"arrival\", \"key\", \"hash_key\", \"headers\",
\"payload\" or \"base64\"}: the payload as a string where it is UTF-8. To a stream only key, hash_key
and payload or base64 matter. The headers of a user record are in the file alone; --whole keeps
them in their aggregate.

Where a copy is, is kept beside the file: FILE.progress for a copy of a stream, and
FILE.STREAM.progress for one into a stream. The same command goes on there after whatever stopped
it, be it kill -9 or a full disk. In the file each message is once; in the stream at least once.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 some lines were skipped · 130 stopped by Ctrl-C";

/// Copies a stream into a file, or a file into a stream
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, and all may be given together")]
pub(crate) struct CopyArgs {
    /// What is copied: a stream, or a file (./NAME, *.ndjson, file:NAME), - for standard input
    pub(super) from: Place,
    /// Where to: a file, - for standard output, or a stream
    pub(super) to: Place,
    /// Forget where the copy is, and begin anew. A file is written over
    #[arg(long)]
    pub(super) restart: bool,

    /// Where to begin: horizon, latest, a time ago such as -15m, a time such as 2026-01-31T12:00:00Z, or a sequence number
    /// of one shard. It counts when a copy is begun, not when it goes on. Default: horizon
    #[arg(
        long = "from",
        id = "begin",
        value_name = "START",
        allow_hyphen_values = true,
        help_heading = "From a stream"
    )]
    pub(super) begin: Option<Begin>,
    /// Where to end: tip, which is what is there at the start, or a time as in --from. Default: tip
    #[arg(long, value_name = "END", allow_hyphen_values = true, help_heading = "From a stream")]
    pub(super) until: Option<Until>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, conflicts_with = "until", help_heading = "From a stream")]
    pub(super) follow: bool,
    /// Copy this shard and no other; may be given many times
    #[arg(long, value_name = "ID", help_heading = "From a stream")]
    pub(super) shard: Vec<String>,
    /// Leave KPL aggregates whole. Otherwise: each user record is a line
    #[arg(long, help_heading = "From a stream")]
    pub(super) whole: bool,
    /// Poll as fast as it goes, for endpoints without read limits
    #[arg(long, help_heading = "From a stream")]
    pub(super) unpaced: bool,

    /// Create the stream unless it exists, with so many shards, or on-demand
    #[arg(long, value_name = "N|on-demand", help_heading = "Into a stream")]
    pub(super) create: Option<Create>,
    /// The most requests on their way. Default: 4
    #[arg(long, value_name = "N", value_parser = count::<NonZeroUsize>, help_heading = "Into a stream")]
    pub(super) max_in_flight: Option<NonZeroUsize>,
    /// Do not keep to the limits of shards, 1,000 records and 1 MiB a second each: for endpoints without limits
    #[arg(long, help_heading = "Into a stream")]
    pub(super) unlimited: bool,
    /// Tell of a line that is wrong, and leave it out. Otherwise: the copy stops there
    #[arg(long, help_heading = "Into a stream")]
    pub(super) skip_bad: bool,

    #[command(flatten)]
    pub(super) seeing: SeeingArgs,
}

impl CopyArgs {
    /// Refuses flags that mean nothing in a copy into a file.
    pub(super) fn check_for_file(&self) -> Result<(), Failure> {
        let given = [
            (self.create.is_some(), "--create"),
            (self.max_in_flight.is_some(), "--max-in-flight"),
            (self.unlimited, "--unlimited"),
            (self.skip_bad, "--skip-bad"),
        ];
        refuse(&given, "is for copying a file into a stream, and this is a copy into a file")
    }

    /// Refuses flags that mean nothing in a copy into a stream.
    pub(super) fn check_for_stream(&self) -> Result<(), Failure> {
        let given = [
            (self.begin.is_some(), "--from"),
            (self.until.is_some(), "--until"),
            (self.follow, "--follow"),
            (!self.shard.is_empty(), "--shard"),
            (self.whole, "--whole"),
            (self.unpaced, "--unpaced"),
        ];
        refuse(&given, "is for copying a stream into a file, and this is a copy into a stream")
    }
}

fn refuse(given: &[(bool, &str)], why: &str) -> Result<(), Failure> {
    match given.iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(Failure::usage(format!("{flag} {why}"))),
        None => Ok(()),
    }
}
