//! `headwater group`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lists, resets, exports or imports the checkpoints of an application
#[derive(Args, Clone, Debug)]
pub(crate) struct GroupArgs {}

/// Does it.
pub(crate) async fn run(_: GroupArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("group is not built yet"))
}
