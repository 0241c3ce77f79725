//! `headwater copy`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Copies a stream into a file, or a file into a stream
#[derive(Args, Clone, Debug)]
pub(crate) struct CopyArgs {}

/// Does it.
pub(crate) async fn run(_: CopyArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("copy is not built yet"))
}
