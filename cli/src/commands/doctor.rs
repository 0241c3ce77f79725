//! `headwater doctor`.

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Looks for what is wrong, and says what to do
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {}

/// Does it.
pub(crate) async fn run(_: DoctorArgs, _: Context) -> Result<Exit, Failure> {
    Err(Failure::failed("doctor is not built yet"))
}
