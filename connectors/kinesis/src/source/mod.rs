//! The source: all shards of a stream, polled.

mod builder;
mod deaggregation;
mod handle;
mod losses;
mod page;
mod polling;
mod ranges;
#[cfg(test)]
mod tests;
mod upstream;

pub use builder::KinesisSourceBuilder;
pub use deaggregation::Deaggregation;
pub use handle::KinesisSource;
