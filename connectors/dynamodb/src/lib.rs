//! Leases and checkpoints for [Headwater](headwater) in DynamoDB, in the lease table of the Kinesis Client Library (KCL).
//!
//! ```text
//!   source ──► verb ──► read the row, decide ──► write on condition that it is as it was read
//!                                                    │
//!                          lease table (the KCL's)   ▼   <table>-headwater (ours)
//!                          owner, counter, position      tokens, requests, times, workers, the first start
//! ```
//!
//! ```no_run
//! use headwater::checkpoint::{Application, CheckpointStore};
//! use headwater_dynamodb::DynamoDbCheckpoints;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> headwater::Result<()> {
//! let store = DynamoDbCheckpoints::builder().region("eu-central-1").open().await?;
//! for row in store.list(&Application::new("billing", "orders")).await? {
//!     println!("{} is read up to {}", row.shard, row.checkpoint.position);
//! }
//! # Ok(())
//! # }
//! ```

mod api;
mod builder;
mod change;
mod checkpoints;
mod claim;
mod connection;
mod error;
#[cfg(test)]
mod failures;
mod group;
mod handoff;
mod item;
mod lease;
mod naming;
mod note;
mod position;
mod reset;
mod row;
mod start;
mod worker;
mod write;

pub use builder::DynamoDbCheckpointsBuilder;
pub use checkpoints::DynamoDbCheckpoints;
