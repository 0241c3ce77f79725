//! `headwater list`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lists the streams of the account
#[derive(Args, Clone, Debug)]
pub(crate) struct ListArgs {}

/// Does it.
pub(crate) async fn run(_: ListArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("list is not built yet"))
}
