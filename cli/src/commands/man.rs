//! `headwater man`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints the manual page
#[derive(Args, Clone, Debug)]
pub(crate) struct ManArgs {}

/// Does it.
pub(crate) async fn run(_: ManArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("man is not built yet"))
}
