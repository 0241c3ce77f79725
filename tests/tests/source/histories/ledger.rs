//! What was put, where it lies, and what became of it.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use headwater::checkpoint::LeaseRow;
use headwater::{Message, Position, ShardId};
use headwater_local::StoredRecord;

/// Where a number lies.
#[derive(Debug)]
struct Entry {
    shard: ShardId,
    position: Position,
}

/// Every number that was put, and the rules for handing them out.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    parents: HashMap<ShardId, Vec<ShardId>>,
    /// What any run handed out
    handed_out: HashSet<usize>,
    acked: HashSet<usize>,
    /// What the stream keeps no longer
    trimmed: HashSet<usize>,
    /// What this run handed out and is not acked
    out: HashSet<usize>,
    /// The last of each shard that this run handed out
    last: HashMap<ShardId, usize>,
    /// What the store knew as done when this run began
    stored: HashSet<usize>,
}

/// After a record, or after one user record of it.
fn after(record: &StoredRecord, sub_sequence: Option<u64>) -> Position {
    Position::After { sequence: record.sequence_number.as_str().into(), sub_sequence }
}

impl Ledger {
    /// The number to put next.
    pub(super) fn next_number(&self) -> usize {
        self.entries.len()
    }

    /// Notes where the next numbers lie: one in a record of its own, several in an aggregate.
    pub(super) fn add(&mut self, record: &StoredRecord, count: usize) {
        for index in 0..count {
            let position = after(record, (count > 1).then_some(index as u64));
            self.entries.push(Entry { shard: record.shard_id.as_str().into(), position });
        }
    }

    /// Notes the parents of a new shard.
    pub(super) fn descend(&mut self, child: &str, parents: &[&String]) {
        let parents = parents.iter().map(|parent| parent.as_str().into()).collect();
        self.parents.insert(child.into(), parents);
    }

    /// Notes that a shard was trimmed up to a record, that one included.
    pub(super) fn trim(&mut self, last: &StoredRecord) {
        let (shard, horizon) = (ShardId::from(last.shard_id.as_str()), after(last, None));
        let trimmed = self.numbers(|_, entry| entry.shard == shard && entry.position <= horizon);
        self.trimmed.extend(trimmed);
    }

    /// Begins a run, from what the store holds.
    pub(super) fn begin_run(&mut self, rows: &[LeaseRow]) {
        self.stored = self.stored_in(rows);
        self.out.clear();
        self.last.clear();
    }

    /// Checks a message that was handed out, and returns its number.
    pub(super) fn hand_out(&mut self, message: &Message<Bytes>) -> usize {
        let text = std::str::from_utf8(message.payload()).expect("a number");
        let number: usize = text.parse().expect("a number");
        let origin = message.origin().expect("a source names the origin");
        let entry = &self.entries[number];
        assert_eq!((origin.shard(), origin.position()), (&entry.shard, entry.position.clone()));
        assert!(!self.stored.contains(&number), "{number} comes again though the store knew that it is done");
        if let Some(last) = self.last.get(&entry.shard) {
            assert!(self.entries[*last].position < entry.position, "{number} comes after {last}");
        }
        self.assert_ancestors_are_done(&entry.shard, number);

        self.last.insert(entry.shard.clone(), number);
        self.out.insert(number);
        self.handed_out.insert(number);
        number
    }

    fn assert_ancestors_are_done(&self, shard: &ShardId, of: usize) {
        for parent in self.parents.get(shard).into_iter().flatten() {
            let is_done = |number| self.acked.contains(&number) || self.trimmed.contains(&number);
            let left = self.numbers(|number, entry| {
                entry.shard == *parent && (self.out.contains(&number) || !is_done(number))
            });
            assert!(left.is_empty(), "{of} of {shard} comes before {left:?} of its parent {parent} are done");
            self.assert_ancestors_are_done(parent, of);
        }
    }

    /// Notes an ack.
    pub(super) fn ack(&mut self, number: usize) {
        self.acked.insert(number);
        self.out.remove(&number);
    }

    /// Fails unless the store holds every ack that there was.
    pub(super) fn assert_all_acks_are_stored(&self, rows: &[LeaseRow]) {
        let stored = self.stored_in(rows);
        let lost: Vec<_> = self.acked.difference(&stored).collect();
        assert!(lost.is_empty(), "acked and not stored: {lost:?}");
    }

    /// What must still be read or acked.
    pub(super) fn waiting(&self) -> Vec<usize> {
        self.numbers(|number, _| !self.acked.contains(&number) && !self.trimmed.contains(&number))
    }

    /// Fails unless everything was read that was not trimmed before.
    pub(super) fn assert_all_is_read(&self) {
        let lost =
            self.numbers(|number, _| !self.handed_out.contains(&number) && !self.trimmed.contains(&number));
        assert!(lost.is_empty(), "never read: {lost:?}");
        assert!(self.handed_out.len() > self.entries.len() / 2, "most was trimmed before it was read");
    }

    fn stored_in(&self, rows: &[LeaseRow]) -> HashSet<usize> {
        let positions: HashMap<_, _> =
            rows.iter().map(|row| (&row.shard, &row.checkpoint.position)).collect();
        let is_stored = |entry: &Entry| positions.get(&entry.shard).is_some_and(|&at| entry.position <= *at);
        self.numbers(|_, entry| is_stored(entry)).into_iter().collect()
    }

    fn numbers(&self, which: impl Fn(usize, &Entry) -> bool) -> Vec<usize> {
        let all = self.entries.iter().enumerate();
        all.filter(|(number, entry)| which(*number, entry)).map(|(number, _)| number).collect()
    }
}
