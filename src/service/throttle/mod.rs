//! Calls paced by what they weigh.

mod bucket;
mod config;
mod future;
mod layer;
mod limit;
mod queue;
mod service;
#[cfg(test)]
mod tests;
mod weighted;

pub use config::ThrottleConfig;
pub use future::ThrottleFuture;
pub use layer::ThrottleLayer;
pub use limit::Limit;
pub use service::Throttle;
pub use weighted::Weighted;
