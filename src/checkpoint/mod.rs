//! Checkpoints: acks in any order become one position per shard, and leases guard who may store it.
//!
//! ```text
//!   records ──► Tracker::open ──► Ack per message ──► pipeline ──► sink
//!                   │                                               │
//!                   │ longest acked prefix  ◄──────── Ack::ack ◄────┘
//!                   ▼
//!               Committer ──► CheckpointStore (one conditional write: position and ownership together)
//! ```

pub mod conformance;

mod application;
mod in_flight;
mod lease;
mod memory;
mod millis;
mod row;
mod store;
mod token;
mod tracker;
mod worker;

pub use application::{Application, ApplicationStart};
pub(crate) use in_flight::InFlight;
pub use lease::{Checkpoint, Claim, Handoff, Lease, LeaseRow, LeaseWrite};
pub use memory::MemoryCheckpoints;
pub use millis::{from_millis, to_millis};
pub use store::CheckpointStore;
pub(crate) use store::VERBS;
pub use token::FencingToken;
pub use tracker::Tracker;
pub use worker::{WorkerId, WorkerRow};
