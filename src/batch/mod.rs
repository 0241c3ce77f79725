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
mod engine;
mod entry;
mod framer;
mod gate;
mod inbox;
mod ordering;
mod pool;
mod request;
mod response;
mod retry;
mod settings;
mod settle;
mod sink;
mod state;
mod status;
mod unsettled;

#[cfg(test)]
mod tests;

pub use admission::Admission;
pub use builder::BatchSinkBuilder;
pub use entry::Entry;
pub use ordering::{OnKeyFailure, Ordering};
pub use request::Batch;
pub use response::{BatchResponse, Refused, Stored};
pub use sink::BatchSink;
pub use status::BatchStatus;
