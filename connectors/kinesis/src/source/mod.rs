//! The source: all shards of a stream, polled.

mod builder;
mod page;
mod polling;
mod source;
mod upstream;

pub use builder::KinesisSourceBuilder;
pub use source::KinesisSource;
