//! GetRecords and SubscribeToShard.

mod answer;
mod child;
mod events;
mod memory;
mod parser;
mod reason;
mod record;
mod records;
mod request;

pub(crate) use answer::Answer;
pub(crate) use child::Child;
pub(crate) use events::{EventStream, Said, Subscribe};
pub(crate) use records::GetRecords;

pub(super) use parser::Parser;
