//! `headwater tail`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints what a stream holds and what comes
#[derive(Args, Clone, Debug)]
pub(crate) struct TailArgs {}

/// Does it.
pub(crate) async fn run(_: TailArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("tail is not built yet"))
}
