//! An in-process stream with shards: what the doc examples run on, and a test double with fault switches.

mod faults;
mod fetch;
mod shard;
mod sink;
mod stream;

pub use faults::MemoryFaults;
pub use shard::MemoryRecord;
pub use stream::MemoryStream;
