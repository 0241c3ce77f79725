//! What the examples share: where Kinesis is, the orders that they send, and the audit of what arrived.

mod audit;
mod endpoint;
mod failure;
mod orders;

pub use audit::Audit;
pub use endpoint::{Endpoint, EndpointArgs};
pub use failure::Failure;
pub use orders::{Invoice, Order, fill};

/// What `main` of an example returns.
pub type Outcome<T = ()> = Result<T, Failure>;
