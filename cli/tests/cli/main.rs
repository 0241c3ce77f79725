//! The `headwater` binary, run as a user runs it, against our endpoint and those that nobody here wrote.

mod async_kinesis;
mod bench;
mod completions;
mod compressed;
mod config;
mod copy;
mod describe;
mod doctor;
mod group;
mod habits;
mod interrupted;
mod list;
mod local;
mod man;
mod monitoring;
mod otlp;
mod page;
mod put;
mod relay;
mod seeing;
mod support;
mod tail;
mod which;
