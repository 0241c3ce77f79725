//! From a shard to the stream: readers fetch pages within the byte budget, and the stream opens them.

pub(super) mod budget;
pub(super) mod chunk;
pub(super) mod event;
pub(super) mod open_page;
pub(super) mod reader;
pub(super) mod reading;
pub(super) mod slices;
pub(in crate::source) mod tenure;
