//! Which shard takes which hash key, as far as the sink knows.

use std::collections::HashMap;

use crate::batch::ShardRange;
use crate::{HashKey, Result, ShardId};

/// Which shard takes which hash key, as far as the sink knows.
///
/// Shards are only ever added: an answer may name one that was closed since, and its range is wanted then.
pub(in crate::batch) struct ShardMap {
    known: Vec<ShardRange>,
    by_id: HashMap<ShardId, LaneId>,
    /// The open shards, by their ranges.
    open: Vec<LaneId>,
}

/// Names a shard of the map, and the lane to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::batch) struct LaneId(pub(in crate::batch) u32);

impl ShardMap {
    /// The map of a service that says nothing of shards: one lane takes everything.
    pub(in crate::batch) fn unrouted() -> Self {
        let whole = ShardRange { id: "".into(), first: HashKey::MIN, last: HashKey::MAX, open: true };
        Self { known: vec![whole], by_id: HashMap::new(), open: vec![LaneId(0)] }
    }

    /// Makes the first map.
    ///
    /// # Errors
    ///
    /// Where the open shards do not cover every hash key once.
    pub(in crate::batch) fn new(listed: Vec<ShardRange>) -> Result<Self> {
        let mut map = Self { known: Vec::new(), by_id: HashMap::new(), open: Vec::new() };
        map.update(listed)?;
        Ok(map)
    }

    /// Learns of shards, and tells whether other ones are open than before.
    ///
    /// # Errors
    ///
    /// Where the open shards do not cover every hash key once, as in a listing from the middle of a reshard.
    /// Those that were open before stay so.
    pub(in crate::batch) fn update(&mut self, listed: Vec<ShardRange>) -> Result<bool> {
        let cover = ShardRange::check_cover(&listed);
        let mut open = Vec::new();
        for shard in listed {
            let is_open = shard.open;
            let next = LaneId(self.known.len() as u32);
            let id = *self.by_id.entry(shard.id.clone()).or_insert(next);
            if id == next {
                self.known.push(shard);
            }
            if is_open {
                open.push(id);
            }
        }
        cover?;
        open.sort_by_key(|id| self.range(*id).first);
        let changed = open != self.open;
        self.open = open;
        Ok(changed)
    }

    /// Returns the open shard that takes a hash key.
    pub(in crate::batch) fn lane_of(&self, hash_key: HashKey) -> LaneId {
        let after = self.open.partition_point(|id| self.range(*id).first <= hash_key);
        // The open shards cover every hash key, so the first begins at the lowest.
        self.open[after.saturating_sub(1)]
    }

    pub(in crate::batch) fn open(&self) -> &[LaneId] {
        &self.open
    }

    pub(in crate::batch) fn is_open(&self, id: LaneId) -> bool {
        self.lane_of(self.range(id).first) == id
    }

    pub(in crate::batch) fn range(&self, id: LaneId) -> &ShardRange {
        &self.known[id.0 as usize]
    }

    /// Returns the shard that an answer names.
    pub(in crate::batch) fn find(&self, id: &ShardId) -> Option<&ShardRange> {
        self.by_id.get(id).map(|id| self.range(*id))
    }

    /// Tells whether it says anything of shards.
    pub(in crate::batch) fn is_routed(&self) -> bool {
        !self.by_id.is_empty()
    }

    /// Returns how many shards were ever known.
    pub(in crate::batch) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, first: u128, last: u128, open: bool) -> ShardRange {
        ShardRange { id: id.into(), first: HashKey::new(first), last: HashKey::new(last), open }
    }

    #[test]
    fn a_key_goes_to_the_open_shard_that_holds_it_however_the_shards_are_listed() {
        let map = ShardMap::new(vec![
            shard("c", 200, u128::MAX, true),
            shard("a", 0, 99, true),
            shard("parent", 100, u128::MAX, false),
            shard("b", 100, 199, true),
        ])
        .unwrap();
        for (hash_key, id) in [(0, "a"), (99, "a"), (100, "b"), (199, "b"), (200, "c"), (u128::MAX, "c")] {
            assert_eq!(map.range(map.lane_of(HashKey::new(hash_key))).id.as_str(), id, "{hash_key}");
        }
    }

    #[test]
    fn a_listing_from_the_middle_of_a_reshard_changes_nothing_but_is_remembered() {
        let mut map = ShardMap::new(vec![shard("a", 0, u128::MAX, true)]).unwrap();
        for half_done in [
            vec![shard("b", 0, 99, true)],
            vec![shard("a", 0, u128::MAX, true), shard("b", 0, 99, true)],
            vec![shard("b", 0, 99, true), shard("c", 101, u128::MAX, true)],
            Vec::new(),
        ] {
            let error = map.update(half_done).unwrap_err();
            assert!(error.is_retryable(), "{error}");
            assert_eq!(map.open().len(), 1);
        }
        assert!(map.find(&"b".into()).is_some());
        let split = vec![shard("b", 0, 99, true), shard("d", 100, u128::MAX, true)];
        assert!(map.update(split.clone()).unwrap());
        assert!(!map.update(split).unwrap(), "nothing new");
        assert!(map.find(&"a".into()).is_some_and(|parent| parent.holds(HashKey::MAX)), "it is kept");
    }
}
