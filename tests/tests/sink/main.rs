//! The Kinesis sink through its public API, against our own endpoint on paused time.

mod ledger;
mod reshards;
mod soak_order;
mod soak_reshard;
