//! Leases, checkpoints and shared write limits for [Headwater](headwater) in Redis or Valkey, single or as a cluster.
//!
//! ```text
//!   worker ──► verb ──► one Lua script ──► one hash per application and stream: shard ─► owner, token, position
//!   worker ──► verb ──►      "
//! ```
//!
//! ```no_run
//! use headwater::checkpoint::{Application, CheckpointStore};
//! use headwater_redis::RedisCheckpoints;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> headwater::Result<()> {
//! let store = RedisCheckpoints::open("redis://localhost/0").await?;
//! assert!(store.list(&Application::new("billing", "orders")).await?.is_empty());
//! # Ok(())
//! # }
//! ```

mod address;
mod answer;
mod builder;
mod checkpoints;
mod client;
mod env;
mod error;
mod import;
mod keys;
mod limits;
mod link;
mod order;
mod row;
mod scan;
mod script;
mod start;
mod worker;
mod writes;

pub use builder::RedisBuilder;
pub use checkpoints::RedisCheckpoints;
pub use import::{AsyncKinesisImport, ImportSkipped, ImportedCheckpoints};
pub use limits::RedisLimits;
