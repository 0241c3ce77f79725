//! The Kinesis source: what it reads, from every server, and what faults do to it.

mod calls;
mod collect;
mod deaggregation;
mod downtime;
mod fan_out;
mod faults;
mod histories;
mod memory;
mod numbered;
mod permissions;
mod pushed;
mod refusals;
mod servers;
mod settings;
mod stages;
mod stalls;
mod timing;
