//! A job in a process of its own, so that what it costs is what that process cost.
//!
//! ```text
//!  the benchmark ──Task──► client: the job, once for practice and once by the clock ──Measured──► the benchmark
//! ```

mod client;
mod clients;
mod task;

pub use client::client;
pub use clients::Clients;
pub(crate) use task::{Measured, Task};
