//! `headwater doctor`.
//!
//! ```text
//!   region ─► credentials ─► stream ─► shards ─┬─► actions of the mode ─► records
//!                                              ├─► consumers
//!                                              └─► store ─► workers, owners, rows, checkpoints     clock: by every answer
//! ```

mod access;
mod check;
mod checkpoints;
mod clock;
mod consumers;
mod examination;
mod identity;
mod leases;
mod mode;
mod patient;
mod records;
mod refusal;
mod report;
mod store;
mod stream;

use std::time::Duration;

use clap::Args;
use headwater_kinesis::StreamRef;

use crate::codec::CodecName;
use crate::context::Context;
use crate::duration::duration;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::stores::StoreArgs;
use examination::Examination;
use mode::Mode;
use report::Output;

const EXAMPLES: &str = "\
Examples:
  headwater doctor orders
  headwater doctor orders --mode write --write-probe
  headwater doctor orders --app billing --checkpoints redis://cache --codec kpl-json
  headwater doctor orders --output json | jq 'select(.verdict == \"finding\")'

Nothing is changed, but for the one record of --write-probe. A SQLite store is opened as a worker
opens it, which frees what dead workers of this machine hold.

Exit codes: 0 nothing found · 1 something found, or failed · 2 wrong usage · 130 stopped by Ctrl-C";

/// Looks for what is wrong, and says what to do
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// The stream, by its name or its ARN
    stream: StreamRef,
    /// What is to be done with the stream, whose actions are tried
    #[arg(long, value_name = "MODE", default_value = "relay")]
    mode: Mode,
    /// The codec that its records are to be read with
    #[arg(long, value_name = "CODEC")]
    codec: Option<CodecName>,
    /// A consumer of enhanced fan-out that is in use, or is to be. May be given more than once
    #[arg(long, value_name = "NAME")]
    fan_out: Vec<String>,
    /// Put one real record, in the codec: only that shows whether records can be written
    #[arg(long)]
    write_probe: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// How long workers are given for a sign of life
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    wait: Duration,
    /// How the checks are told
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// Looks at everything, and tells it as it goes.
pub(crate) async fn run(args: DoctorArgs, context: Context) -> Result<Exit, Failure> {
    if args.write_probe && !args.mode.writes() {
        return Err(Failure::usage(
            "--write-probe puts a record, which --mode read does not: --mode write is right",
        ));
    }
    if args.store.app.is_some() && args.store.checkpoints.is_none() {
        return Err(Failure::usage(
            "--app is of no use without --checkpoints URL, where its checkpoints are",
        ));
    }
    tokio::select! {
        examined = Examination::begin(&args, &context.globals) => examined,
        () = context.stop.asked() => Ok(context.stop.exit()),
    }
}
