//! What others wrote is read, and what Headwater writes others read.

mod aggregates;
mod processors;
mod samples;
