//! `headwater relay`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Reads a stream into another, at least once, its checkpoints behind what was confirmed
#[derive(Args, Clone, Debug)]
pub(crate) struct RelayArgs {}

/// Does it.
pub(crate) async fn run(_: RelayArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("relay is not built yet"))
}
