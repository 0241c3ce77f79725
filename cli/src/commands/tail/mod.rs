//! `headwater tail`: what a stream holds and what comes, on standard output.

mod output;
mod template;

use std::io::IsTerminal as _;
use std::num::NonZeroU64;
use std::pin::pin;
use std::time::Duration;

use anstream::eprintln;
use bytes::Bytes;
use clap::Args;
use futures::{FutureExt as _, StreamExt as _};
use headwater_kinesis::codec::Poison;
use headwater_kinesis::{FanOut, KinesisSource, StreamRef};
use tokio::time::timeout;

use crate::begin::Begin;
use crate::codec::Reading;
use crate::commands::tail::output::Output;
use crate::connection::Connection;
use crate::context::Context;
use crate::count::count;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::portion::portion;
use crate::progress::progress;
use crate::refused::refused;
use crate::seeing::{Seeing, SeeingArgs, otlp};
use crate::stdout::Stdout;
use crate::stream_api::region;
use crate::until::Until;

/// How long ending waits for a consumer to be deregistered.
const PARTING: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  headwater tail orders                                what comes from now on, until Ctrl-C
  headwater tail orders --from horizon --until tip     all that is there
  headwater tail orders --from -15m -n 10 --meta       ten messages, and where each was
  headwater tail orders --output '{key}\\t{payload.total}'
  headwater tail orders --shard shardId-000000000003 --from horizon

A record that is not of the codec is told on standard error with its shard and sequence number, and
left out.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 some of it was not of the codec · 130 stopped by
Ctrl-C";

/// Prints what a stream holds and what comes
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TailArgs {
    /// The stream, by its name or its ARN
    stream: StreamRef,
    /// Where to begin: horizon, latest, a time ago such as -15m, a time such as 2026-01-31T12:00:00Z, or a sequence
    /// number of one shard, which is printed too
    #[arg(long, value_name = "START", default_value = "latest", allow_hyphen_values = true)]
    from: Begin,
    /// Where to end: tip, which is what is there at the start, or a time as in --from. Without it: at Ctrl-C
    #[arg(long, value_name = "END", allow_hyphen_values = true)]
    until: Option<Until>,
    /// End after so many messages
    #[arg(short = 'n', long, value_name = "N", value_parser = count::<NonZeroU64>)]
    count: Option<NonZeroU64>,
    /// Read this shard and no other; may be given many times
    #[arg(long, value_name = "ID")]
    shard: Vec<String>,
    /// What the records were written in
    #[arg(long, value_name = "CODEC", default_value = "auto", value_parser = Reading::parser())]
    codec: Reading,
    /// How to print: raw, json, json-pretty, or a template of {payload}, {payload.FIELD}, {key}, {shard}, {sequence},
    /// {sub_sequence}, {arrival}, \n and \t, where {{ and }} are braces. Default: raw, with --meta json
    #[arg(long, short, value_name = "FORM")]
    output: Option<Output>,
    /// Print key, shard, sequence and arrival beside the payload, as JSON
    #[arg(long)]
    meta: bool,
    /// Read by enhanced fan-out, as the consumer of this name. One that this registers is deregistered at the end
    #[arg(long, value_name = "NAME")]
    fan_out: Option<String>,
    /// Poll as fast as it goes, for endpoints without read limits
    #[arg(long)]
    unpaced: bool,
    #[command(flatten)]
    seeing: SeeingArgs,
}

impl TailArgs {
    /// How to print, where the flags go together.
    fn output(&self) -> Result<Output, Failure> {
        match (&self.output, self.meta) {
            (Some(Output::Raw), true) => {
                Err(Failure::usage("--output raw has no room for --meta: --output json has, or json-pretty"))
            }
            (Some(Output::Template(_)), true) => {
                Err(Failure::usage("--meta is for JSON: a template names what it wants, such as {key}"))
            }
            (Some(output), _) => Ok(output.clone()),
            (None, true) => Ok(Output::Json),
            (None, false) => Ok(Output::Raw),
        }
    }

    async fn connect(&self, connection: &Connection) -> Result<KinesisSource, Failure> {
        region(connection, self.stream.region())?;
        let mut source = portion(connection, &self.stream, &self.from, &self.shard).await?;
        if let Some(Until(until)) = self.until {
            source = source.until(until);
        }
        if let Some(name) = &self.fan_out {
            source = source.fan_out(name);
        }
        if self.unpaced {
            source = source.unpaced();
        }
        source.connect().await.map_err(refused)
    }
}

/// Does it.
pub(crate) async fn run(args: TailArgs, context: Context) -> Result<Exit, Failure> {
    let output = args.output()?;
    let seeing = Seeing::start(&args.seeing, "tail", &context).await?;
    let connection = Connection::load(&context.globals).await;
    let source = tokio::select! {
        source = args.connect(&connection) => source?,
        // A consumer that is being registered must be known, to be deregistered.
        () = context.stop.asked(), if args.fan_out.is_none() => return Ok(context.stop.exit()),
    };
    seeing.source(args.stream.name(), source.control());
    let fan_out = source.fan_out();
    let ended = print(source, &output, &args, &context).await;
    if let Some(fan_out) = fan_out {
        part(&fan_out).await;
    }
    ended
}

/// Prints messages until the end, whoever wants it.
async fn print(
    source: KinesisSource,
    output: &Output,
    args: &TailArgs,
    context: &Context,
) -> Result<Exit, Failure> {
    let messages = source.decode::<Bytes, _>(args.codec.codec()).on_poison(Poison::Skip);
    let poison = messages.poison_count();
    let mut messages = pin!(messages);
    let mut stdout = Stdout::new();
    // Beside lines on the same terminal it would be noise.
    let bar =
        (!std::io::stdout().is_terminal()).then(|| progress("messages", args.count.map(NonZeroU64::get)));
    let mut line = Vec::new();
    let mut left = args.count.map_or(u64::MAX, NonZeroU64::get);
    while left > 0 && !context.stop.is_asked() {
        let next = if let Some(next) = messages.next().now_or_never() {
            next
        } else {
            stdout.flush()?;
            tokio::select! {
                next = messages.next() => next,
                () = context.stop.asked() => break,
                () = stdout.is_gone() => return Err(Failure::BrokenPipe),
            }
        };
        let message = match next {
            Some(Ok(message)) => message.map(|bytes| args.codec.payload(bytes)),
            Some(Err(error)) => {
                stdout.flush()?;
                return Err(error.into());
            }
            None => break,
        };
        let (message, _span) = otlp::follow(message, "tail");
        line.clear();
        output.write(&message, args.meta, &mut line)?;
        stdout.write(&line)?;
        message.ack();
        left -= 1;
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    }
    stdout.flush()?;
    match poison.get() {
        _ if context.stop.exit() == Exit::Interrupted => Ok(Exit::Interrupted),
        0 => Ok(Exit::Done),
        skipped => {
            let messages = counted(skipped, "message");
            eprintln!("{messages} could not be decoded and left out: --codec auto shows them all");
            Ok(Exit::Partly)
        }
    }
}

/// Deregisters a consumer that was registered for this run. It would be billed until somebody does.
async fn part(fan_out: &FanOut) {
    let name = fan_out.consumer_name();
    match timeout(PARTING, fan_out.deregister()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "consumer {name} stays registered"),
        Err(_) => tracing::warn!("consumer {name} may stay registered: no answer in {PARTING:?}"),
    }
}
