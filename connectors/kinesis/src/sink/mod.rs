//! The sink: batches of PutRecords over the layers that make them reliable.

mod admission;
mod alone;
mod builder;
mod field;
mod handle;
mod layers;
mod limits;
mod routing;

#[cfg(test)]
mod tests;

pub use builder::KinesisSinkBuilder;
pub(crate) use builder::check;
pub use handle::KinesisSink;
pub use limits::Limits;
