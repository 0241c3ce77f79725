//! What the tests of the command share.

mod headwater;
mod running_local;

pub(crate) use headwater::{Done, Headwater};
pub(crate) use running_local::RunningLocal;
