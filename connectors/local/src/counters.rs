//! What happened so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::faults::FaultKind;
use crate::operation::Operation;

/// What an endpoint did so far, as it was at one moment.
///
/// ```
/// use headwater_local::{LocalKinesis, Operation};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalKinesis::builder().stream("orders", 1).build();
/// local.client().list_shards().stream_name("orders").send().await?;
/// assert_eq!(local.counters().calls(Operation::ListShards), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    calls: [u64; Operation::ALL.len()],
    refused: [u64; Operation::ALL.len()],
    faults: [u64; FaultKind::COUNT],
    entries_accepted: u64,
    entries_failed: u64,
    records_read: u64,
    records_pushed: u64,
}

impl Counters {
    /// Returns how many calls of an operation came in, those that a fault struck included.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.calls[operation.index()]
    }

    /// Returns how many calls of an operation were answered with an error, by a fault or for any other
    /// reason.
    pub fn refused(&self, operation: Operation) -> u64 {
        self.refused[operation.index()]
    }

    /// Returns how many calls of any operation came in.
    pub fn total_calls(&self) -> u64 {
        self.calls.iter().sum()
    }

    /// Returns how many records PutRecords and PutRecord stored.
    pub fn entries_accepted(&self) -> u64 {
        self.entries_accepted
    }

    /// Returns how many entries of otherwise valid PutRecords and PutRecord calls were not stored, because of
    /// a rate or a fault.
    pub fn entries_failed(&self) -> u64 {
        self.entries_failed
    }

    /// Returns how many records GetRecords returned.
    pub fn records_read(&self) -> u64 {
        self.records_read
    }

    /// Returns how many records subscriptions gave.
    pub fn records_pushed(&self) -> u64 {
        self.records_pushed
    }

    /// Returns how many faults of a kind struck.
    pub fn faults(&self, kind: FaultKind) -> u64 {
        self.faults[kind as usize]
    }
}

/// The counting side.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: [AtomicU64; Operation::ALL.len()],
    refused: [AtomicU64; Operation::ALL.len()],
    faults: [AtomicU64; FaultKind::COUNT],
    entries_accepted: AtomicU64,
    entries_failed: AtomicU64,
    records_read: AtomicU64,
    records_pushed: AtomicU64,
}

impl Tally {
    pub(crate) fn call(&self, operation: Operation) {
        self.calls[operation.index()].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, operation: Operation) {
        self.refused[operation.index()].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn faults(&self, kind: FaultKind, count: u64) {
        self.faults[kind as usize].fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn entries(&self, accepted: u64, failed: u64) {
        self.entries_accepted.fetch_add(accepted, Ordering::Relaxed);
        self.entries_failed.fetch_add(failed, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, records: u64) {
        self.records_read.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn pushed(&self, records: u64) {
        self.records_pushed.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Counters {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            calls: self.calls.each_ref().map(load),
            refused: self.refused.each_ref().map(load),
            faults: self.faults.each_ref().map(load),
            entries_accepted: load(&self.entries_accepted),
            entries_failed: load(&self.entries_failed),
            records_read: load(&self.records_read),
            records_pushed: load(&self.records_pushed),
        }
    }
}
