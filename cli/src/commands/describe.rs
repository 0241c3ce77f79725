//! `headwater describe`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Describes a stream: shards, hash ranges, parents, lag, limits, mode
#[derive(Args, Clone, Debug)]
pub(crate) struct DescribeArgs {}

/// Does it.
pub(crate) async fn run(_: DescribeArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("describe is not built yet"))
}
