//! `headwater completions`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints the completions of a shell
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsArgs {}

/// Does it.
pub(crate) async fn run(_: CompletionsArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("completions is not built yet"))
}
