//! The Kinesis sink through its public API, against our own endpoint on paused time.

mod feeder;
mod ledger;
mod meter;
mod reshards;
mod scaling;
mod soak_order;
mod soak_reshard;
mod throttled;
