//! `headwater local`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs a Kinesis endpoint on loopback, for tests
#[derive(Args, Clone, Debug)]
pub(crate) struct LocalArgs {}

/// Does it.
pub(crate) async fn run(_: LocalArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("local is not built yet"))
}
