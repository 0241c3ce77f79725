//! Everything that was measured.

use serde::Serialize;

use crate::comparison::Comparison;

/// The settings of a run, and what came of each job.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// How many messages a job sends or reads.
    pub(crate) records: usize,
    /// How long one is on average as JSON, in bytes.
    pub(crate) record_bytes: u64,
    /// How many keys they have.
    pub(crate) keys: usize,
    /// How many shards a stream has.
    pub(crate) shards: usize,
    /// How often each job ran on each side.
    pub(crate) rounds: usize,
    /// Worker threads of the client.
    pub(crate) threads: usize,
    /// One for each job.
    pub(crate) jobs: Vec<Comparison>,
}
