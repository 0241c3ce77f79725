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
mod memory;
mod row;
mod store;
mod tracker;

pub(crate) use in_flight::InFlight;
pub use memory::MemoryCheckpoints;
pub use store::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, FencingToken, Handoff, Lease,
    LeaseRow, WorkerId,
};
pub use tracker::Tracker;
