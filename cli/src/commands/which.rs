//! `headwater which`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Tells which shard owns a key
#[derive(Args, Clone, Debug)]
pub(crate) struct WhichArgs {}

/// Does it.
pub(crate) async fn run(_: WhichArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("which is not built yet"))
}
