//! Which hash keys each shard owns.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater::{HashKey, ShardId};

use crate::api::ListedShard;
use crate::wire::Child;

/// The ranges of the shards seen so far: those of the last listing, and those that an ended parent named since. Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub(super) struct ShardRanges(Arc<Mutex<HashMap<ShardId, Known>>>);

#[derive(Debug)]
struct Known {
    range: RangeInclusive<HashKey>,
    listed: bool,
}

impl ShardRanges {
    /// Takes in a full listing, and forgets the shards that it no longer names. One that has only been named by its
    /// parent stays: the listing may be older.
    pub(super) fn list(&self, shards: &[ListedShard]) {
        let mut ranges = self.lock();
        ranges.retain(|_, known| !known.listed);
        let listed = shards.iter().filter_map(|shard| {
            Some((shard.shard.id.clone(), Known { range: shard.range.clone()?, listed: true }))
        });
        ranges.extend(listed);
    }

    /// Takes in the shards that an ended parent names.
    pub(super) fn name(&self, children: &[Child]) {
        let mut ranges = self.lock();
        for child in children {
            if let Some(range) = child.range.clone() {
                let known = Known { range, listed: false };
                ranges.entry(child.shard.id.clone()).or_insert(known);
            }
        }
    }

    /// Returns the range of a shard, unless the service named none that can be read.
    pub(super) fn of(&self, shard: &ShardId) -> Option<RangeInclusive<HashKey>> {
        self.lock().get(shard).map(|known| known.range.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShardId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::types::{ChildShard, HashKeyRange};
    use headwater::source::Shard;

    use super::*;

    fn range(first: u128, last: u128) -> RangeInclusive<HashKey> {
        HashKey::new(first)..=HashKey::new(last)
    }

    fn listed(id: &str, range: Option<RangeInclusive<HashKey>>) -> ListedShard {
        ListedShard { shard: Shard { id: id.into(), parents: Vec::new() }, range }
    }

    fn child(id: &str, first: &str, last: &str) -> Child {
        let keys = HashKeyRange::builder().starting_hash_key(first).ending_hash_key(last).build().unwrap();
        let child = ChildShard::builder().shard_id(id).hash_key_range(keys);
        child.set_parent_shards(Some(vec!["parent".into()])).build().unwrap().into()
    }

    #[test]
    fn a_child_that_an_older_listing_does_not_name_keeps_its_range() {
        let ranges = ShardRanges::default();
        let older = [listed("parent", Some(range(0, 9)))];
        ranges.name(&[child("low", "0", "4"), child("bad", "5", "0x9")]);
        ranges.list(&older);
        assert_eq!(ranges.of(&"parent".into()), Some(range(0, 9)));
        assert_eq!(ranges.of(&"low".into()), Some(range(0, 4)));
        assert_eq!(ranges.of(&"bad".into()), None);
    }

    #[test]
    fn a_shard_that_retention_removed_is_forgotten() {
        let ranges = ShardRanges::default();
        ranges.list(&[listed("parent", Some(range(0, 9)))]);
        ranges.name(&[child("low", "0", "4")]);
        ranges.list(&[listed("low", Some(range(0, 4))), listed("high", None)]);
        assert_eq!(ranges.of(&"parent".into()), None);
        assert_eq!(ranges.of(&"low".into()), Some(range(0, 4)));
        assert_eq!(ranges.of(&"high".into()), None);
        ranges.list(&[]);
        assert_eq!(ranges.of(&"low".into()), None);
    }
}
