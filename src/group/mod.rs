//! Tools for the people who run a group: see its checkpoints and workers, reset them, take them elsewhere.
//!
//! ```text
//!                    list ──► Listing: start, rows, workers
//!   CheckpointStore  reset ──► Report: what was done, and what was not       (one conditional write per shard)
//!                    export ──► Export ──► JSON ──► Export ──► import ──► Report
//! ```
//!
//! They work on any [`CheckpointStore`](crate::checkpoint::CheckpointStore), and need neither the stream nor a worker.
//! A running worker is never overtaken by accident: what it holds is left alone, unless the operator says otherwise.
//!
//! ```
//! use std::sync::Arc;
//!
//! use headwater::checkpoint::{Application, MemoryCheckpoints};
//! use headwater::group::{Group, OnHeld, Shards};
//! use headwater::source::{SourceConfig, Until};
//! use headwater::{MemoryStream, Message, Position};
//! # use futures::TryStreamExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> headwater::Result<()> {
//! # let orders = MemoryStream::new("orders", 2);
//! # orders.put("customer-7", "an order");
//! let store = Arc::new(MemoryCheckpoints::new());
//! let mut config = SourceConfig::default();
//! config.application = "billing".to_owned();
//! config.checkpoints = store.clone();
//! # config.until = Until::Tip;
//! let source = orders.source_with(config.clone()).await?;
//! # let control = source.control();
//! source.map_ok(Message::ack).try_collect::<Vec<()>>().await?;
//! # control.finished().await?;
//!
//! let billing = Group::new(store, Application::new("billing", "orders"));
//! let report = billing.reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await?;
//! assert_eq!(report.done.len(), 2);
//!
//! let again = orders.source_with(config).await?;
//! # let control = again.control();
//! assert_eq!(again.map_ok(Message::ack).try_collect::<Vec<()>>().await?.len(), 1);
//! # control.finished().await?;
//! # Ok(())
//! # }
//! ```

mod export;
mod form;
mod handle;
mod import;
mod listing;
mod report;
mod reset;
mod writing;

pub use export::Export;
pub use handle::Group;
pub use listing::Listing;
pub use report::Report;
pub use reset::Shards;
pub use writing::OnHeld;

#[cfg(test)]
mod tests;
