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

mod in_flight;
mod lease;
mod memory;
mod row;
mod store;
mod tracker;

pub(crate) use in_flight::InFlight;
pub use lease::{Checkpoint, Claim, Handoff, Lease, LeaseRow};
pub use memory::MemoryCheckpoints;
pub use store::{Application, ApplicationStart, CheckpointStore, FencingToken, WorkerId};
pub use tracker::Tracker;
