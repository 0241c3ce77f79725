//! What the model knows of records, acks and checkpoints, and what may not happen to them.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::FutureExt;

use crate::checkpoint::{CheckpointStore, LeaseRow, MemoryCheckpoints, WorkerId};
use crate::{Position, ShardId};

/// One claim of a shard: the worker, the shard, the fencing token.
pub(super) type Stint = (usize, ShardId, u64);

/// How far one claim of a shard has come.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// Where it last began to read: after this sequence number.
    begun: u64,
    /// What it last handed out.
    last: u64,
    delivered: HashSet<u64>,
    acked: HashSet<u64>,
    /// What was acked after one was dropped or the shard given up, which may or may not count.
    maybe: HashSet<u64>,
    /// The first message that was dropped unacked.
    dropped: Option<u64>,
    /// Whether it may begin anywhere: a seek came at the time of the claim.
    anywhere: bool,
    /// How many it handed out while the shard was claimed anew.
    late: usize,
    /// Counts the times that it began to read.
    pub(super) epoch: usize,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) records: BTreeMap<ShardId, Vec<u64>>,
    pub(super) parents: HashMap<ShardId, Vec<ShardId>>,
    pub(super) trimmed: HashSet<u64>,
    /// Passed over by a seek.
    skipped: HashSet<u64>,
    pub(super) acked: HashSet<u64>,
    pub(super) cursors: HashMap<Stint, Cursor>,
    stored: HashMap<ShardId, Position>,
    /// Those that an operator reset: whose parents may follow, and whose owner learns of it at its next write.
    reset: HashSet<ShardId>,
}

/// Returns the sequence number that a position is after.
fn floor(position: &Position) -> u64 {
    match position {
        Position::After { sequence, .. } => sequence.as_str().parse().unwrap(),
        Position::End => u64::MAX,
        _ => 0,
    }
}

pub(super) fn rows(store: &MemoryCheckpoints) -> Vec<LeaseRow> {
    store.list(&super::application()).now_or_never().expect("it is there").unwrap()
}

/// Tells whether a shard is still read under a claim.
fn holds(stint: &Stint, store: &MemoryCheckpoints) -> bool {
    let (worker, shard, token) = stint;
    let owner = Some(WorkerId::new(worker.to_string()));
    rows(store).iter().any(|row| row.shard == *shard && row.owner == owner && row.token.0 == *token)
}

impl Ledger {
    /// Tells whether nobody waits for a record any more.
    pub(super) fn is_settled(&self, record: u64) -> bool {
        self.acked.contains(&record) || self.trimmed.contains(&record) || self.skipped.contains(&record)
    }

    pub(super) fn unsettled(&self) -> Vec<u64> {
        self.records.values().flatten().copied().filter(|record| !self.is_settled(*record)).collect()
    }

    fn between(&self, shard: &ShardId, after: u64, before: u64) -> impl Iterator<Item = u64> {
        self.records[shard].iter().copied().filter(move |record| *record > after && *record < before)
    }

    /// Looks at every row: none moves back, and none past what is not done.
    pub(super) fn check_stored(&mut self, store: &MemoryCheckpoints) {
        for row in rows(store) {
            let position = row.checkpoint.position.clone();
            if let Some(before) = self.stored.insert(row.shard.clone(), position.clone()) {
                assert!(position >= before, "{} moved back from {before} to {position}", row.shard);
            }
            let done = floor(&position);
            for record in self.between(&row.shard, 0, done.saturating_add(1)) {
                assert!(
                    self.is_settled(record),
                    "{} is stored as {position}, and {record} is not done",
                    row.shard
                );
            }
            let Some(worker) = row.owner.as_ref().map(|owner| owner.as_str().parse().unwrap()) else {
                continue;
            };
            let begun = Cursor { begun: done, last: done, ..Cursor::default() };
            self.cursors.entry((worker, row.shard, row.token.0)).or_insert(begun);
        }
    }

    /// A message was handed out.
    pub(super) fn deliver(&mut self, stint: &Stint, record: u64, store: &MemoryCheckpoints) -> usize {
        let shard = &stint.1;
        let rows = rows(store);
        let is_meant = |parent: &&ShardId| !self.reset.contains(shard) && !self.reset.contains(*parent);
        for parent in self.parents[shard].iter().filter(is_meant) {
            let row = rows.iter().find(|row| row.shard == *parent).expect("the parent was read");
            assert_eq!(
                row.checkpoint.position,
                Position::End,
                "{record} of {shard} comes before the end of {parent}"
            );
        }
        let cursor = &self.cursors[stint];
        let missed = |from| self.between(shard, from, record).find(|missed| !self.trimmed.contains(missed));
        let is_next = record > cursor.last && missed(cursor.last).is_none();
        let is_done =
            |n: &u64| self.trimmed.contains(n) || cursor.acked.contains(n) || cursor.maybe.contains(n);
        let first_unacked = || self.between(shard, cursor.begun, record).find(|n| !is_done(n));
        let is_again =
            cursor.dropped.is_some_and(|dropped| record <= dropped || self.trimmed.contains(&dropped))
                && record > cursor.begun
                && first_unacked().is_none();
        assert!(
            is_next || is_again || cursor.anywhere,
            "{record} of {shard} after {}: missed {:?}, of those since {} unacked {:?}, dropped {:?}, {stint:?}",
            cursor.last,
            missed(cursor.last),
            cursor.begun,
            first_unacked(),
            cursor.dropped
        );
        if !is_next {
            self.restart(stint, record - 1);
        }
        let cursor = self.cursors.get_mut(stint).unwrap();
        let claimed = rows.iter().any(|row| row.shard == *shard && row.token.0 > stint.2);
        cursor.late += usize::from(claimed && !self.reset.contains(shard));
        assert!(cursor.late <= 4, "{record} of {shard} comes though another worker reads it: {stint:?}");
        cursor.last = record;
        cursor.anywhere = false;
        cursor.delivered.insert(record);
        cursor.epoch
    }

    /// An operator reset a shard.
    pub(super) fn reset(&mut self, shard: &ShardId, to: Position) {
        let after = floor(&to);
        let (passed, ahead): (Vec<u64>, Vec<u64>) =
            self.records[shard].iter().partition(|record| **record <= after);
        self.skipped.extend(passed);
        for record in ahead {
            self.acked.remove(&record);
            self.skipped.remove(&record);
        }
        for (_, cursor) in self.cursors.iter_mut().filter(|((_, of, _), _)| of == shard) {
            cursor.maybe.extend(cursor.acked.drain());
        }
        self.stored.insert(shard.clone(), to);
        self.reset.insert(shard.clone());
    }

    /// A claim begins to read anew, after a record.
    fn restart(&mut self, stint: &Stint, after: u64) {
        let cursor = self.cursors.get_mut(stint).unwrap();
        *cursor = Cursor {
            begun: after,
            last: after,
            epoch: cursor.epoch + 1,
            late: cursor.late,
            ..Cursor::default()
        };
    }

    /// A worker was asked to read one shard, or all, anew after a record, and said that it does. `before` are the claims
    /// that were known before.
    pub(super) fn seek(
        &mut self,
        worker: usize,
        shard: Option<&ShardId>,
        after: u64,
        before: &HashSet<Stint>,
    ) {
        let is_meant = |stint: &&Stint| stint.0 == worker && shard.is_none_or(|shard| stint.1 == *shard);
        let stints: Vec<Stint> = self.cursors.keys().filter(is_meant).cloned().collect();
        for stint in stints {
            self.restart(&stint, after);
            self.cursors.get_mut(&stint).unwrap().anywhere = !before.contains(&stint);
        }
        if let Some(shard) = shard {
            let passed = self.records[shard].iter().filter(|record| **record <= after);
            self.skipped.extend(passed);
        }
    }

    pub(super) fn ack(&mut self, stint: &Stint, epoch: usize, record: u64, store: &MemoryCheckpoints) {
        self.acked.insert(record);
        let cursor = self.cursors.get_mut(stint).unwrap();
        if cursor.epoch == epoch {
            // What is acked once the shard was given up comes too late.
            let is_sure = cursor.dropped.is_none() && holds(stint, store);
            let set = if is_sure { &mut cursor.acked } else { &mut cursor.maybe };
            set.insert(record);
        }
    }

    pub(super) fn abandon(&mut self, stint: &Stint, epoch: usize, record: u64) {
        let cursor = self.cursors.get_mut(stint).unwrap();
        if cursor.epoch == epoch {
            cursor.dropped = Some(cursor.dropped.map_or(record, |dropped| dropped.min(record)));
        }
    }

    /// After an orderly end everything that a worker acked is stored, as far as it is a prefix.
    pub(super) fn check_ended(&self, worker: usize, store: &MemoryCheckpoints) {
        for row in rows(store) {
            let Some(cursor) = self.cursors.get(&(worker, row.shard.clone(), row.token.0)) else { continue };
            let unacked = self.records[&row.shard]
                .iter()
                .filter(|record| **record > cursor.begun)
                .filter(|record| !self.trimmed.contains(record) || cursor.delivered.contains(record))
                .find(|record| !cursor.acked.contains(record));
            let first = unacked.copied().into_iter().chain(cursor.dropped).min().unwrap_or(u64::MAX);
            let acked = cursor.acked.iter().filter(|record| **record < first).max();
            let stored = floor(&row.checkpoint.position);
            assert!(
                acked.is_none_or(|acked| *acked <= stored),
                "{} is stored as {}, and {acked:?} was acked by {worker}",
                row.shard,
                row.checkpoint.position
            );
        }
    }

    /// Everything is stored as done.
    pub(super) fn check_all_stored(&self, store: &MemoryCheckpoints) {
        let rows: HashMap<ShardId, Position> =
            rows(store).into_iter().map(|row| (row.shard, row.checkpoint.position)).collect();
        for (shard, records) in &self.records {
            let stored = rows.get(shard).map_or(0, floor);
            let is_left = |record: &&u64| {
                let passed = self.trimmed.contains(record) || self.skipped.contains(record);
                **record > stored && self.acked.contains(record) && !passed
            };
            let left: Vec<_> = records.iter().filter(is_left).collect();
            assert!(left.is_empty(), "{shard} is stored as {stored}, and {left:?} were acked");
        }
    }
}
