//! What the tests of the command share.

mod browser;
mod feed;
mod headwater;
mod live;
mod running;
mod running_local;

pub(crate) use browser::Browser;
pub(crate) use feed::{feed, keyed};
pub(crate) use headwater::{Done, Headwater};
pub(crate) use live::Live;
pub(crate) use running::Running;
pub(crate) use running_local::RunningLocal;
