//! A consumer in a process of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the `reader` program is to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ReaderJob {
    /// The endpoint
    pub url: String,
    /// The stream
    pub stream: String,
    /// How many messages there are, numbered from 0: a payload begins with its number, eight bytes in network order
    pub messages: usize,
    /// The source's byte budget
    pub buffer_bytes: usize,
    /// After how many messages it stops
    pub stall_after: usize,
    /// For how long
    pub stall: Duration,
    /// The consumer to read by, if it is to read by enhanced fan-out
    pub fan_out: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ReaderReport {
    /// How many different messages came
    pub read: usize,
    /// How many came again
    pub repeated: usize,
    /// What the process took in memory once its source had filled up, in KiB
    pub settled_kib: u64,
    /// What it took at the end of the stall, in KiB
    pub stalled_kib: u64,
    /// The longest lag that its source told of by then
    pub lag_millis: u64,
    /// The most that it ever took, in KiB
    pub peak_kib: u64,
}
