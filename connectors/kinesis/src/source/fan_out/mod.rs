//! Enhanced fan-out: each shard pushed to a registered consumer, at 2 MiB/s of its own, and polled where that fails.
//!
//! ```text
//!                 ┌── CREATING, limit reached, 5 s rule, fallback ──┐
//!                 ▼                                                 │
//!   open ──► polling ── the consumer is ACTIVE, it is time ──► subscription ──► the last event names the children
//! ```

mod connections;
mod consumer;
mod handle;
mod subscription;
mod switching;

pub use handle::FanOut;

pub(super) use consumer::Consumer;
pub(super) use switching::SwitchingFetch;
