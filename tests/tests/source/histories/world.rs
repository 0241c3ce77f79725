//! The stream, and what happens to it.

use fastrand::Rng;
use headwater::{Headers, Key};
use headwater_kinesis::codec::{Framing, Kpl};
use headwater_local::{LocalKinesis, ShardInfo};

use crate::histories::ledger::Ledger;

/// More open shards are not split.
const MOST_SHARDS: usize = 6;

/// How many keys there are.
const KEYS: usize = 30;

pub(super) struct World {
    pub(super) local: LocalKinesis,
    rng: Rng,
}

impl World {
    pub(super) fn new(local: LocalKinesis, rng: Rng) -> Self {
        Self { local, rng }
    }

    fn key(&mut self) -> String {
        format!("key-{}", self.rng.usize(0..KEYS))
    }

    /// Puts some numbers, each as a record.
    pub(super) fn put(&mut self, ledger: &mut Ledger) {
        for _ in 0..self.rng.u32(1..30) {
            let (key, number) = (self.key(), ledger.next_number());
            let stored = self.local.put("orders", &key, number.to_string()).expect("it is stored");
            ledger.add(&stored, 1);
        }
    }

    /// Puts some numbers of several keys in one record.
    pub(super) fn put_aggregate(&mut self, ledger: &mut Ledger) {
        let (mut frame, count) = (Kpl.open(), self.rng.usize(2..12));
        for number in (ledger.next_number()..).take(count) {
            frame.push(&Key::from(self.key()), number.to_string().as_bytes(), &Headers::new());
        }
        let key = self.key();
        let stored = self.local.put("orders", &key, frame.finish()).expect("it is stored");
        ledger.add(&stored, count);
    }

    pub(super) fn split(&mut self, ledger: &mut Ledger) {
        let open = self.open();
        if open.len() < MOST_SHARDS {
            let shard = &open[self.rng.usize(..open.len())].shard_id;
            let children = self.local.split_shard("orders", shard).expect("an open shard can be split");
            for child in children {
                ledger.descend(&child, &[shard]);
            }
        }
    }

    pub(super) fn merge(&mut self, ledger: &mut Ledger) {
        let open = self.open();
        if open.len() > 1 {
            let low = self.rng.usize(..open.len() - 1);
            let (low, high) = (&open[low].shard_id, &open[low + 1].shard_id);
            let child = self.local.merge_shards("orders", low, high).expect("neighbours can be merged");
            ledger.descend(&child, &[low, high]);
        }
    }

    /// Drops the oldest records of a shard.
    pub(super) fn trim(&mut self, ledger: &mut Ledger) {
        let shards = self.local.shards("orders").expect("the stream exists");
        let shard = &shards[self.rng.usize(..shards.len())].shard_id;
        let records = self.local.shard_records("orders", shard).expect("the shard is listed");
        if let Some(last) = self.rng.choice(&records) {
            self.local.trim("orders", shard, &last.sequence_number).expect("the record is there");
            ledger.trim(last);
        }
    }

    /// The open shards by their hash keys.
    fn open(&self) -> Vec<ShardInfo> {
        let mut shards = self.local.shards("orders").expect("the stream exists");
        shards.retain(|shard| shard.is_open);
        shards.sort_unstable_by_key(|shard| shard.starting_hash_key);
        shards
    }
}
