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

mod backfill;
mod budget;
mod claiming;
mod clock;
mod config;
mod control;
mod coordinator;
mod ending;
mod event;
mod gap;
mod gate;
mod gates;
mod held;
mod leases;
mod meters;
mod open_page;
mod reader;
mod reading;
mod restarts;
mod seek;
mod sharded;
mod slices;
mod status;
mod steering;
mod topology;
mod upstream;

pub use backfill::{Backfill, Live};
pub use config::{OnAbandon, SourceConfig, Start, Until};
pub use control::Control;
pub use gap::{Gap, OnGap};
pub use sharded::{ShardedSource, Source};
pub use status::{ShardState, ShardStatus};
pub use upstream::{Fetch, Page, ReadFrom, Record, Shard, Upstream};

#[cfg(test)]
mod tests;
