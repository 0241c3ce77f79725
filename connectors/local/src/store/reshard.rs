//! Splitting, merging and uniform scaling.

use super::{Change, HashKeyRange, ShardId, Timestamp, Topology, even_ranges};

impl Topology {
    /// Carries out a change of the shards. `counter` gives each ending sequence number its counter.
    pub(crate) fn apply(&mut self, change: Change, now: Timestamp, counter: &mut dyn FnMut() -> u64) {
        match change {
            Change::Split { shard, starting_hash_key } => self.split(shard, starting_hash_key, now, counter),
            Change::Merge { shard, adjacent } => self.merge(shard, adjacent, now, counter),
            Change::Scale { shards } => self.scale(shards, now, counter),
            Change::MaxRecordSize { .. } | Change::Distribution(_) => {}
        }
    }

    fn split(
        &mut self,
        id: ShardId,
        starting_hash_key: u128,
        now: Timestamp,
        counter: &mut dyn FnMut() -> u64,
    ) {
        let ranges = self.shard(id).and_then(|shard| shard.range.split(starting_hash_key));
        if let Some((lower, upper)) = ranges {
            self.replace(&[id], &[lower, upper], now, counter);
        }
    }

    fn merge(&mut self, id: ShardId, adjacent: ShardId, now: Timestamp, counter: &mut dyn FnMut() -> u64) {
        let range = self.shard(id).zip(self.shard(adjacent)).and_then(|(a, b)| a.range.join(b.range));
        if let Some(range) = range {
            self.replace(&[id, adjacent], &[range], now, counter);
        }
    }

    /// Cuts at every boundary of the even division that is not one yet, then joins what lies between two of
    /// them: only binary splits and merges, with short-lived shards in between, as UpdateShardCount
    /// documents.
    fn scale(&mut self, count: usize, now: Timestamp, counter: &mut dyn FnMut() -> u64) {
        for range in even_ranges(count) {
            let shard = &self.open()[self.route(range.starting)];
            if shard.range.starting != range.starting {
                self.split(shard.id, range.starting, now, counter);
            }
        }
        for range in even_ranges(count) {
            self.join_within(range, now, counter);
        }
    }

    fn join_within(&mut self, range: HashKeyRange, now: Timestamp, counter: &mut dyn FnMut() -> u64) {
        while let Some(index) = self.open_index(range.starting) {
            let first = &self.open()[index];
            if first.range.ending == range.ending {
                return;
            }
            let (first, second) = (first.id, self.open()[index + 1].id);
            self.merge(first, second, now, counter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(topology: &mut Topology, change: Change) {
        let mut next = 0;
        topology.apply(change, 1, &mut || {
            next += 1;
            next
        });
    }

    proptest! {
        #[test]
        fn scaling_from_any_count_to_any_count_is_uniform(from in 1..40_usize, to in 1..40_usize) {
            let mut topology = Topology::even(from, 0);
            change(&mut topology, Change::Scale { shards: to });
            let open: Vec<HashKeyRange> = topology.open().iter().map(|shard| shard.range).collect();
            prop_assert_eq!(open, even_ranges(to));
        }

        #[test]
        fn a_child_opens_after_its_parents(counts in prop::collection::vec(1..9_usize, 1..6)) {
            let mut topology = Topology::even(1, 0);
            for shards in counts {
                change(&mut topology, Change::Scale { shards });
            }
            for shard in topology.shards() {
                for parent in shard.parent.into_iter().chain(shard.adjacent_parent) {
                    prop_assert!(topology.shard(parent).unwrap().opened < shard.opened);
                }
            }
        }
    }

    #[test]
    fn doubling_splits_each_shard_once() {
        let mut topology = Topology::even(2, 0);
        change(&mut topology, Change::Scale { shards: 4 });
        assert_eq!(topology.shards().len(), 6);
        assert!(topology.shards()[2..].iter().all(|shard| shard.adjacent_parent.is_none()));
    }

    #[test]
    fn a_merged_shard_names_both_parents() {
        let mut topology = Topology::even(2, 0);
        change(&mut topology, Change::Merge { shard: ShardId::new(1), adjacent: ShardId::new(0) });
        let merged = &topology.open()[0];
        assert_eq!((merged.parent, merged.adjacent_parent), (Some(ShardId::new(1)), Some(ShardId::new(0))));
    }
}
