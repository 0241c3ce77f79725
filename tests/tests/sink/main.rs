//! The Kinesis sink through its public API, against our own endpoint on paused time.

mod cost;
mod ending;
mod failures;
mod feeder;
mod headers;
mod ledger;
mod memory;
mod meter;
mod producer;
mod refusals;
mod reshards;
mod scaling;
mod soak_order;
mod soak_reshard;
mod throttled;
