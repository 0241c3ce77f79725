//! `headwater put`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Puts an argument, or the lines of standard input, into a stream
#[derive(Args, Clone, Debug)]
pub(crate) struct PutArgs {}

/// Does it.
pub(crate) async fn run(_: PutArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("put is not built yet"))
}
