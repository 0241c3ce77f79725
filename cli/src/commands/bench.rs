//! `headwater bench`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Measures every processor, both ways, beside the bare SDK
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {}

/// Does it.
pub(crate) async fn run(_: BenchArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("bench is not built yet"))
}
