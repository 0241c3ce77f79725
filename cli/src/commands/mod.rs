//! The commands, one module each.

mod bench;
mod completions;
mod copy;
mod describe;
mod doctor;
mod group;
mod list;
mod local;
mod man;
mod put;
mod relay;
mod tail;
mod which;

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the streams of the account
    List(list::ListArgs),
    /// Describes a stream: shards, hash ranges, parents, lag, limits, mode
    Describe(describe::DescribeArgs),
    /// Tells which shard owns a key
    Which(which::WhichArgs),
    /// Puts an argument, or the lines of standard input, into a stream
    Put(put::PutArgs),
    /// Prints what a stream holds and what comes
    Tail(tail::TailArgs),
    /// Reads a stream into another, at least once, its checkpoints behind what was confirmed
    Relay(Box<relay::RelayArgs>),
    /// Copies a stream into a file, or a file into a stream
    Copy(copy::CopyArgs),
    /// Lists, resets, exports or imports the checkpoints of an application
    Group(group::GroupArgs),
    /// Looks for what is wrong, and says what to do
    Doctor(doctor::DoctorArgs),
    /// Runs a Kinesis endpoint on loopback, for tests
    Local(local::LocalArgs),
    /// Measures every processor, both ways, beside the bare SDK
    Bench(bench::BenchArgs),
    /// Prints the completions of a shell
    Completions(completions::CompletionsArgs),
    /// Prints the manual page
    Man(man::ManArgs),
}

/// Does it.
pub(crate) async fn run(command: Command, context: Context) -> Result<Exit, Failure> {
    let stop = context.stop.clone();
    match command {
        Command::List(args) => stop.or_asked(Box::pin(list::run(args, context))).await,
        Command::Describe(args) => stop.or_asked(Box::pin(describe::run(args, context))).await,
        Command::Which(args) => stop.or_asked(Box::pin(which::run(args, context))).await,
        Command::Put(args) => Box::pin(put::run(args, context)).await,
        Command::Tail(args) => Box::pin(tail::run(args, context)).await,
        Command::Relay(args) => Box::pin(relay::run(*args, context)).await,
        Command::Copy(args) => Box::pin(copy::run(args, context)).await,
        // A shard is written or is not, and the same command once more does the rest.
        Command::Group(args) => stop.or_asked(Box::pin(group::run(args, context))).await,
        Command::Doctor(args) => Box::pin(doctor::run(args, context)).await,
        Command::Local(args) => Box::pin(local::run(args, context)).await,
        Command::Bench(args) => Box::pin(bench::run(args, context)).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
