//! The sink: batches of PutRecords over the layers that make them reliable.

mod admission;
mod builder;
mod field;
mod handle;
mod layers;
mod limits;

#[cfg(test)]
mod tests;

pub use builder::KinesisSinkBuilder;
pub use handle::KinesisSink;
pub use limits::Limits;
