//! `headwater group`: the checkpoints of an application, for those who run it.

mod args;
mod confirm;
mod import;
mod list;
mod outcome;
mod reset;
mod shown;

pub(crate) use args::{GroupArgs, run};
