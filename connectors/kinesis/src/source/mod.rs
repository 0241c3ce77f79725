//! The source: all shards of a stream, polled.

mod builder;
mod handle;
mod page;
mod polling;
mod upstream;

pub use builder::KinesisSourceBuilder;
pub use handle::KinesisSource;
