//! `headwater group APP reset`.

use clap::Args;
use headwater::group::{Group, OnHeld, Shards};
use headwater::{Position, ShardId};

use crate::begin::Begin;
use crate::commands::group::args::Which;
use crate::commands::group::confirm::confirm;
use crate::commands::group::outcome::outcome;
use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// Moves checkpoints, forwards or backwards.
#[derive(Args, Clone, Debug)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// Where to go on: horizon, latest, a time ago such as -15m, an RFC 3339 time; or, with one --shard, after the
    /// record of a sequence number
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true)]
    to: Begin,
    /// A shard; may be given again. Otherwise: all that have a checkpoint or were there at the start
    #[arg(long, value_name = "ID")]
    shard: Vec<String>,
    /// Take the shards that workers hold too. Those that live repeat what they have out
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Does it.
pub(super) async fn run(args: &ResetArgs, group: &Group) -> Result<Exit, Failure> {
    let position = match &args.to {
        Begin::Horizon => Position::Beginning,
        Begin::Latest => Position::Latest,
        Begin::Time(time) => Position::At(*time),
        Begin::Sequence(sequence) if args.shard.len() == 1 => {
            Position::After { sequence: sequence.clone(), sub_sequence: None }
        }
        Begin::Sequence(_) => {
            return Err(Failure::usage(
                "--to: a sequence number is of one shard; name it by --shard, or give a time",
            ));
        }
    };
    let shards: Vec<ShardId> = args.shard.iter().map(|shard| ShardId::from(shard.as_str())).collect();
    let whose = if shards.is_empty() { "all shards".to_owned() } else { args.shard.join(", ") };
    let to = super::shown::position(&position);
    if !confirm(&format!("reset {whose} of {} to {to}", group.application()), args.yes).await? {
        return Err(Failure::failed("nothing was reset"));
    }
    let shards = if shards.is_empty() { Shards::All } else { Shards::Only(&shards) };
    let on_held = if args.force { OnHeld::Take } else { OnHeld::Refuse };
    let report = group.reset(&position, shards, on_held).await;
    outcome(report.map_err(|error| forceable(&error))?)
}

/// Names the flag that takes what workers hold.
pub(super) fn forceable(error: &headwater::Error) -> Failure {
    let told = chain(error);
    match error.kind() {
        headwater::ErrorKind::Conflict => Failure::failed(format!("{told} (--force)")),
        _ => Failure::failed(told),
    }
}
