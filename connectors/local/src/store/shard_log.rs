//! The records of one shard, oldest first.

use std::collections::VecDeque;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bucket::Bucket;
use super::{Record, Signal, Signals, Timestamp};
use crate::rates::ShardRates;

/// How a shard ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    pub(crate) at: Timestamp,
    /// The counter of the ending sequence number: greater than every record's.
    pub(crate) counter: u64,
}

/// The records of one shard, what it may still take and give, and whether it has ended.
#[derive(Debug, Default)]
pub(crate) struct ShardLog {
    records: VecDeque<Record>,
    bytes: u64,
    last_counter: u64,
    closing: Option<Closing>,
    subscriptions: Signals,
    written_records: Bucket,
    written_bytes: Bucket,
    read_calls: Bucket,
    read_bytes: Bucket,
}

/// What bounds an append.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Append<'a> {
    pub(crate) now: Timestamp,
    pub(crate) rates: ShardRates,
    /// The stream's counter. Taken under the shard's lock, so that numbers rise in the order of storing.
    pub(crate) counter: &'a AtomicU64,
    /// Whether to copy the record out of its request's buffer before storing it.
    pub(crate) detach: bool,
    /// Stored bytes beyond which the oldest records go early.
    pub(crate) max_bytes: Option<u64>,
}

/// Records read in one go.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    /// The least counter of whatever the next page returns.
    pub(crate) next: u64,
    /// Whether the shard holds records beyond this page, and if so when the position it reached was written.
    pub(crate) behind: Option<Timestamp>,
    /// Whether the shard has ended and this page reached its end.
    pub(crate) at_end: bool,
}

impl ShardLog {
    /// Stores a record and returns its counter. `None` means that the shard's write rate is used up.
    pub(crate) fn append(&mut self, mut record: Record, limits: Append<'_>) -> Option<u64> {
        let size = record.size();
        let (rates, now) = (limits.rates, limits.now);
        let allowed = self.written_records.allows(1, rates.write_records_per_second, now)
            && self.written_bytes.allows(size, rates.write_bytes_per_second, now);
        if !allowed {
            return None;
        }
        self.written_records.take(1, rates.write_records_per_second);
        self.written_bytes.take(size, rates.write_bytes_per_second);
        if limits.detach {
            record.detach();
        }
        record.counter = limits.counter.fetch_add(1, Ordering::Relaxed) + 1;
        record.arrival = now;
        self.last_counter = record.counter;
        self.bytes += size as u64;
        self.records.push_back(record);
        while limits.max_bytes.is_some_and(|max| self.bytes > max) && self.records.len() > 1 {
            self.drop_oldest();
        }
        self.subscriptions.wake();
        Some(self.last_counter)
    }

    /// Counts one GetRecords call. `false` means that the shard's read rate is used up.
    pub(crate) fn admit_read(&mut self, rates: ShardRates, now: Timestamp) -> bool {
        let allowed = self.read_calls.allows(1, rates.read_calls_per_second, now)
            && self.read_bytes.allows(1, rates.read_bytes_per_second, now);
        if allowed {
            self.read_calls.take(1, rates.read_calls_per_second);
        }
        allowed
    }

    /// Charges the bytes of a page that was admitted.
    pub(crate) fn charge_read(&mut self, bytes: usize, rates: ShardRates) {
        self.read_bytes.take(bytes, rates.read_bytes_per_second);
    }

    /// Reads from the first record whose counter is at least `from`.
    pub(crate) fn read(&self, from: u64, max_records: usize, max_bytes: usize) -> Page {
        let start = self.records.partition_point(|record| record.counter < from);
        let mut bytes = 0;
        let mut end = start;
        for record in self.records.range(start..).take(max_records) {
            bytes += record.size();
            // One record always fits, or a stream of large records could not be read at all.
            if bytes > max_bytes && end > start {
                break;
            }
            end += 1;
        }
        let records: Vec<Record> = self.records.range(start..end).cloned().collect();
        let next = records.last().map_or(from, |last| last.counter + 1);
        let reached = end.saturating_sub(1).max(start);
        let behind = (end < self.records.len()).then(|| self.records[reached].arrival);
        Page { records, next, behind, at_end: self.closing.is_some() && end == self.records.len() }
    }

    /// Takes a number that no record has, and returns it: everything before it has been read.
    pub(crate) fn mark(&mut self, counter: &AtomicU64) -> u64 {
        self.last_counter = counter.fetch_add(1, Ordering::Relaxed) + 1;
        self.last_counter
    }

    /// Has a subscription woken by what is stored from now on, and by the shard's end.
    pub(crate) fn subscribe(&mut self, signal: Weak<Signal>) {
        self.subscriptions.add(signal);
    }

    /// Ends the shard.
    pub(crate) fn close(&mut self, at: Timestamp, counter: u64) {
        self.closing = Some(Closing { at, counter });
        self.subscriptions.wake();
    }

    pub(crate) fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// The least counter that the next record can have.
    pub(crate) fn next_counter(&self) -> u64 {
        self.last_counter + 1
    }

    /// The counter of the first record that arrived at or after `from`, or the next one's.
    pub(crate) fn counter_at(&self, from: Timestamp) -> u64 {
        let index = self.records.partition_point(|record| record.arrival < from);
        self.records.get(index).map_or_else(|| self.next_counter(), |record| record.counter)
    }

    /// Forgets what arrived before `horizon`.
    pub(crate) fn trim(&mut self, horizon: Timestamp) {
        while self.records.front().is_some_and(|record| record.arrival < horizon) {
            self.drop_oldest();
        }
    }

    /// Forgets records up to `counter`, that one included.
    pub(crate) fn trim_through(&mut self, counter: u64) {
        while self.records.front().is_some_and(|record| record.counter <= counter) {
            self.drop_oldest();
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    fn drop_oldest(&mut self) {
        if let Some(record) = self.records.pop_front() {
            self.bytes -= record.size() as u64;
        }
    }
}
