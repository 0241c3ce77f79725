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
mod clock;
mod config;
mod handles;
mod leasing;
mod meters;
mod pages;
mod sharded;
mod upstream;

pub use backfill::{Backfill, Live};
pub use config::{OnAbandon, SourceConfig, Start, Until};
pub use handles::control::Control;
pub use handles::gap::{Gap, OnGap};
pub use handles::status::{ShardState, ShardStatus};
pub use pages::chunk::Chunk;
pub use sharded::{ShardedSource, Source};
pub use upstream::{Fetch, Page, ReadFrom, Record, Shard, Upstream};

#[cfg(test)]
mod tests;
