//! One shard of an in-process stream.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::SystemTime;

use bytes::Bytes;

use crate::batch::ShardRange;
use crate::source::{ReadFrom, Record, Shard};
use crate::{HashKey, Headers, Key, Position, SequenceNumber, ShardId};

/// A record as an in-process stream keeps it.
///
/// # Example
///
/// ```
/// use headwater::MemoryStream;
///
/// let stream = MemoryStream::new("orders", 2);
/// let first = stream.put("customer-7", "an order");
/// let second = stream.put("customer-7", "another");
/// assert_eq!(first.shard, second.shard);
/// assert!(first.sequence < second.sequence);
/// assert_eq!(stream.records(), [first, second]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryRecord {
    /// The shard that it lies on.
    pub shard: ShardId,
    /// Its sequence number.
    pub sequence: SequenceNumber,
    /// Its key.
    pub key: Key,
    /// Its bytes.
    pub payload: Bytes,
    /// When it was put.
    pub arrival: SystemTime,
}

#[derive(Debug)]
pub(super) struct MemoryShard {
    pub(super) id: ShardId,
    pub(super) parents: Vec<ShardId>,
    /// The hashes that route here.
    pub(super) range: RangeInclusive<u64>,
    /// Set when it is split or merged; it takes no more records then.
    pub(super) children: Option<Vec<Shard>>,
    records: VecDeque<MemoryRecord>,
    /// How many records were trimmed.
    trimmed: usize,
    last_trimmed: Option<SequenceNumber>,
}

impl MemoryShard {
    pub(super) fn new(index: usize, range: RangeInclusive<u64>, parents: Vec<ShardId>) -> Self {
        let id = ShardId::new(format!("shardId-{index:012}"));
        Self { id, parents, range, children: None, records: VecDeque::new(), trimmed: 0, last_trimmed: None }
    }

    pub(super) fn describe(&self) -> Shard {
        Shard { id: self.id.clone(), parents: self.parents.clone() }
    }

    pub(super) fn shard_range(&self) -> ShardRange {
        let first = HashKey::new(u128::from(*self.range.start()) << 64);
        let last = HashKey::new(u128::from(*self.range.end()) << 64 | u128::from(u64::MAX));
        ShardRange { id: self.id.clone(), first, last, open: self.children.is_none() }
    }

    pub(super) fn takes(&self, hash: u64) -> bool {
        self.children.is_none() && self.range.contains(&hash)
    }

    pub(super) fn push(&mut self, record: MemoryRecord) {
        self.records.push_back(record);
    }

    /// Forgets records up to a sequence number, that one included.
    pub(super) fn trim(&mut self, sequence: &SequenceNumber) {
        let count = self.records.partition_point(|record| record.sequence <= *sequence);
        self.last_trimmed =
            self.records.drain(..count).map(|record| record.sequence).last().or(self.last_trimmed.take());
        self.trimmed += count;
    }

    /// Returns the index of the first record that is kept.
    pub(super) fn first(&self) -> usize {
        self.trimmed
    }

    /// Returns the index after that of the last record. Indices count what was trimmed.
    pub(super) fn end(&self) -> usize {
        self.trimmed + self.records.len()
    }

    /// Returns the records from an index on, as far as they are kept.
    pub(super) fn records_from(&self, index: usize) -> impl Iterator<Item = &MemoryRecord> {
        self.records.range(index.saturating_sub(self.trimmed)..)
    }

    /// Tells whether something between a place to start from and the first record kept was trimmed.
    pub(super) fn has_trimmed_after(&self, from: &ReadFrom) -> bool {
        match (from, &self.last_trimmed) {
            (ReadFrom::Sequence(first), Some(trimmed)) => trimmed >= first,
            (ReadFrom::Position(Position::After { sequence, .. }), Some(trimmed)) => trimmed > sequence,
            _ => false,
        }
    }

    /// Returns the index of the first record to read.
    pub(super) fn index(&self, from: &ReadFrom) -> usize {
        self.trimmed
            + self.records.partition_point(|record| match from {
                ReadFrom::Sequence(sequence) => record.sequence < *sequence,
                ReadFrom::Position(Position::Beginning) => false,
                ReadFrom::Position(Position::At(time)) => record.arrival < *time,
                ReadFrom::Position(Position::After { sequence, .. }) => record.sequence <= *sequence,
                ReadFrom::Position(Position::Latest | Position::End) => true,
            })
    }
}

impl From<&MemoryRecord> for Record {
    fn from(record: &MemoryRecord) -> Self {
        Self {
            payload: record.payload.clone(),
            key: Some(record.key.clone()),
            headers: Headers::new(),
            sequence: record.sequence.clone(),
            sub_sequence: None,
            completes: true,
            arrival: Some(record.arrival),
        }
    }
}
