//! What others wrote is read, and what Headwater writes others read.

mod aggregates;
mod deaggregation;
mod processors;
mod samples;
mod wire;
