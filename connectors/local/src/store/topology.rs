//! A stream's shards and how they descend from each other.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{HashKeyRange, Shard, ShardId, Timestamp, even_ranges};

/// A stream's shards: every one within retention, and the open ones by hash key.
#[derive(Debug)]
pub(crate) struct Topology {
    /// In the order of their ids.
    shards: Vec<Arc<Shard>>,
    /// In the order of their ranges, which cover the hash key space without gaps.
    /// Shared with the answers of writes, which name the shards they wrote to.
    open: Arc<Vec<Arc<Shard>>>,
    /// When each closed shard closed, first closed first: the next to leave.
    closed: VecDeque<(Timestamp, ShardId)>,
    next_id: u32,
}

impl Topology {
    pub(crate) fn even(count: usize, opened: Timestamp) -> Self {
        let mut topology =
            Self { shards: Vec::new(), open: Arc::default(), closed: VecDeque::new(), next_id: 0 };
        for range in even_ranges(count) {
            let shard = topology.add(range, None, None, opened);
            Arc::make_mut(&mut topology.open).push(shard);
        }
        topology
    }

    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    pub(crate) fn open(&self) -> &[Arc<Shard>] {
        &self.open
    }

    pub(crate) fn open_shared(&self) -> Arc<Vec<Arc<Shard>>> {
        Arc::clone(&self.open)
    }

    pub(crate) fn shard(&self, id: ShardId) -> Option<&Arc<Shard>> {
        self.shards.binary_search_by_key(&id, |shard| shard.id).ok().map(|index| &self.shards[index])
    }

    pub(crate) fn is_open(&self, shard: &Shard) -> bool {
        self.open_index(shard.range.starting).is_some_and(|index| self.open[index].id == shard.id)
    }

    pub(crate) fn children_of(&self, id: ShardId) -> impl Iterator<Item = &Arc<Shard>> {
        self.shards.iter().filter(move |shard| shard.is_child_of(id))
    }

    /// Returns the index among the open shards of the one that owns a hash key.
    pub(crate) fn route(&self, hash_key: u128) -> usize {
        self.open.partition_point(|shard| shard.range.starting <= hash_key) - 1
    }

    /// Replaces open shards that touch by others that cover the same range. `counter` numbers their ends.
    ///
    /// Parents close and children open at one moment, and later than any parent opened: a child's sequence
    /// numbers begin with that moment, so they are greater than its parents' even if both came within one
    /// millisecond.
    pub(super) fn replace(
        &mut self,
        parents: &[ShardId],
        ranges: &[HashKeyRange],
        now: Timestamp,
        mut counter: impl FnMut() -> u64,
    ) {
        let parents: Vec<Arc<Shard>> = parents.iter().filter_map(|id| self.shard(*id).cloned()).collect();
        let moment = parents.iter().map(|parent| parent.opened + 1).fold(now, Timestamp::max);
        for parent in &parents {
            parent.log().close(moment, counter());
            self.closed.push_back((moment, parent.id));
            Arc::make_mut(&mut self.open).retain(|shard| shard.id != parent.id);
        }
        let (parent, adjacent) =
            (parents.first().map(|shard| shard.id), parents.get(1).map(|shard| shard.id));
        for range in ranges {
            let child = self.add(*range, parent, adjacent, moment);
            let index = self.open.partition_point(|shard| shard.range.starting < range.starting);
            Arc::make_mut(&mut self.open).insert(index, child);
        }
    }

    /// When the next closed shard leaves, given how long records are kept.
    pub(crate) fn next_expiry(&self, retention: u64) -> Option<Timestamp> {
        self.closed.front().map(|(closed, _)| closed + retention)
    }

    /// Forgets the shards of which nothing is left to read.
    pub(crate) fn expire(&mut self, horizon: Timestamp) {
        while let Some((_, id)) = self.closed.pop_front_if(|(closed, _)| *closed <= horizon) {
            self.shards.retain(|shard| shard.id != id);
        }
    }

    pub(super) fn open_index(&self, starting: u128) -> Option<usize> {
        self.open.binary_search_by_key(&starting, |shard| shard.range.starting).ok()
    }

    fn add(
        &mut self,
        range: HashKeyRange,
        parent: Option<ShardId>,
        adjacent: Option<ShardId>,
        opened: Timestamp,
    ) -> Arc<Shard> {
        let shard = Arc::new(Shard::open(ShardId::new(self.next_id), range, parent, adjacent, opened));
        self.next_id += 1;
        self.shards.push(Arc::clone(&shard));
        shard
    }
}
