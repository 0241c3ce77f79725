//! The batching sink over any [`tower::Service`]: batches, order, retry and back-pressure.
//!
//! ```text
//!   Sink ──► Admission ──► inbox ──► chain per key ──► request of many entries ──► service: the user's layers
//!    ▲                     (bounded)   │  a frame grows while its key is busy           │
//!    │                                 ▲                                                ▼
//!    │                                 └── refused: back to the head of its key ◄── settle per entry
//!    └── room, acks, hand-backs ◄───────────────────────────────────────────────────────┘
//! ```
//!
//! A [`BatchSink`] is a handle. Behind it is one task that owns everything accepted and unsettled.

mod admission;
mod backlog;
mod builder;
mod chain;
mod dead_letters;
mod engine;
mod entrance;
mod entry;
mod epochs;
mod flushed;
mod framer;
mod gate;
mod grants;
mod handle;
mod inbox;
mod lane;
mod lane_limit;
mod limiter;
mod map;
mod meters;
mod ordering;
mod pack;
mod pool;
mod producer;
mod queue;
mod receipt;
mod refresh;
mod request;
mod reroute;
mod response;
mod retry;
mod routing;
mod settings;
mod settle;
mod settled;
mod share;
mod shared_limit;
mod sink;
mod state;
mod status;
mod suspects;
mod take;
mod unsettled;

#[cfg(test)]
mod tests;

pub use admission::Admission;
pub use builder::BatchSinkBuilder;
pub use entry::Entry;
pub use flushed::Flushed;
pub use lane_limit::LaneLimit;
pub use ordering::{OnKeyFailure, Ordering};
pub use producer::{Producer, Producing};
pub use receipt::{Delivered, Receipt};
pub use request::Batch;
pub use response::{BatchResponse, Refused, Stored};
pub use routing::{Routing, ShardRange, ShardScope};
pub use shared_limit::{Allowance, MemoryLimits, SharedLimit};
pub use sink::BatchSink;
pub use status::BatchStatus;
