//! Calls that failed in passing are made again, after a jittered backoff and within limits.

mod attempted;
mod config;
mod future;
mod layer;
mod service;
mod session;
#[cfg(test)]
mod tests;

pub use attempted::Attempted;
pub use config::RetryConfig;
pub use future::RetryFuture;
pub use layer::RetryLayer;
pub use service::Retry;
