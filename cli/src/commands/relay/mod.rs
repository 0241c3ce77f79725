//! `headwater relay`: a stream into another, at least once.
//!
//! ```text
//!   FROM ──► source ──► decode ──► --jq, --key-jq ──► encode ──► sink ──► TO        one such pipeline per --workers
//!     ▲         │ cannot be read       │ fails            │          │ is refused
//!     │         └──────────────────────┴────► dead letters ◄─────────┘
//!     └── checkpoint ◄── ack: what was made of a message is confirmed by TO, or on the disk of the dead letters
//! ```

mod args;
mod dead_letters;
mod jq;
mod letter;
mod letter_file;
mod on_error;
mod pipeline;
mod plan;
mod run;
mod settle;
mod transform;

pub(crate) use args::RelayArgs;
pub(crate) use run::run;
