//! The Kinesis source: what it reads, from every server, and what faults do to it.

mod collect;
mod deaggregation;
mod faults;
mod refusals;
mod servers;
