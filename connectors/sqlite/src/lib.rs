//! Leases and checkpoints for [Headwater](headwater) in one SQLite file: durable, embedded, shared by the processes of
//! one machine.
//!
//! ```text
//!   source ──► verb ──► queue ──► one thread ──► BEGIN IMMEDIATE ─ verbs that wait ─ COMMIT ──► file
//!                                                              (one sync for all of them)
//! ```
//!
//! ```
//! use headwater::checkpoint::{Application, CheckpointStore};
//! use headwater_sqlite::SqliteCheckpoints;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("checkpoints.db");
//! let store = SqliteCheckpoints::open(path).await?;
//! assert!(store.list(&Application::new("billing", "orders")).await?.is_empty());
//! # Ok(())
//! # }
//! ```

mod builder;
mod checkpoints;
mod connection;
mod error;
mod lease;
mod locks;
mod position;
mod schema;
mod start;
#[cfg(test)]
mod tests;
mod worker;
mod writer;

pub use builder::SqliteCheckpointsBuilder;
pub use checkpoints::SqliteCheckpoints;
