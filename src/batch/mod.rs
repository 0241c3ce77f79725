//! The batching sink over any [`tower::Service`]: batches, order, retry and back-pressure.
//!
//! ```text
//!   Sink, Producer ──► Admission ──► inbox ──► chain per key ──► lane per shard ──► request ──► service: the user's layers
//!    ▲                               (bounded)   │ a frame grows while its key is busy              │
//!    │                                           ▲                                                  ▼
//!    │                                           └── refused: back to the head of its lane ◄── settle per entry
//!    └── room, acks, receipts, hand-backs ◄─────────────────────────────────────────────────────────┘
//! ```
//!
//! [`BatchSink`] and [`Producer`] are handles. Behind them is one task that owns everything accepted and unsettled. A
//! service that says how it spreads keys over shards ([`Routing`]) gets a lane for each shard; any other gets one.

mod admission;
mod builder;
mod dead_letters;
mod engine;
mod entry;
mod flushed;
mod handles;
mod in_time;
mod lanes;
mod meters;
mod ordering;
mod refresh;
mod request;
mod response;
mod retry;
mod settings;
mod settle;
mod settled;
mod suspects;
mod tally;

#[cfg(test)]
mod tests;

pub use admission::Admission;
pub use builder::BatchSinkBuilder;
pub use entry::Entry;
pub use flushed::Flushed;
pub use handles::producer::{Producer, Producing};
pub use handles::receipt::{Delivered, Receipt};
pub use handles::sink::BatchSink;
pub use handles::status::BatchStatus;
pub use lanes::lane_limit::LaneLimit;
pub use lanes::routing::{Routing, ShardRange, ShardScope};
pub use lanes::shared_limit::{Allowance, MemoryLimits, SharedLimit};
pub use ordering::{OnKeyFailure, Ordering};
pub use request::Batch;
pub use response::{BatchResponse, Refused, Stored};
