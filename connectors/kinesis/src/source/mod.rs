//! The source: all shards of a stream, polled or by enhanced fan-out.

mod builder;
mod cursor;
mod deaggregation;
mod fan_out;
mod handle;
mod losses;
mod meters;
mod pace;
mod page;
mod polling;
mod ranges;
#[cfg(test)]
mod tests;
mod upstream;

pub use builder::KinesisSourceBuilder;
pub use deaggregation::Deaggregation;
pub use fan_out::FanOut;
pub use handle::KinesisSource;
