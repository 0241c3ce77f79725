//! What the tests of the command share.

mod headwater;

pub(crate) use headwater::{Done, Headwater};
