//! The engine behind every sharded source: one task per leased shard, one stream for the user.
//!
//! ```text
//!   Upstream (a connector) ─► Fetch per shard ─► reader task ─► pages ─► ShardedSource ─► Message + Ack
//!                                                   ▲                                        │
//!                          claims, restarts, stops  │                                        ▼
//!                  CheckpointStore ◄── renew, commit ── coordinator task ◄── watermark ── Tracker
//! ```
//!
//! A connector implements [`Upstream`] and [`Fetch`]; leases, parents before children, acks, back-off, budgets and
//! the orderly end are settled here, for all connectors in the same way.

mod budget;
mod claiming;
mod config;
mod control;
mod coordinator;
mod ending;
mod held;
mod leases;
mod reader;
mod sharded;
mod status;
mod topology;
mod upstream;

pub use config::{OnAbandon, SourceConfig, Start, Until};
pub use control::Control;
pub use sharded::{ShardedSource, Source};
pub use status::{ShardState, ShardStatus};
pub use upstream::{Fetch, Page, ReadFrom, Record, Shard, Upstream};

#[cfg(test)]
mod tests;
