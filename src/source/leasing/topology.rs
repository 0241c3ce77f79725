//! Which shards may be read: parents before children, for any number of generations.

use std::collections::{BTreeMap, HashSet};

use crate::ShardId;
use crate::source::Shard;

/// The shards of a stream as far as they are known, and which of them are finished.
///
/// A parent is done when its checkpoint is `End`, when the stream no longer lists it, or when its child already has
/// a position of its own.
#[derive(Debug, Default)]
pub(in crate::source) struct Topology {
    shards: BTreeMap<ShardId, Node>,
}

#[derive(Debug)]
struct Node {
    parents: Vec<ShardId>,
    /// Named by the last full listing, or by a parent since.
    listed: bool,
    /// Its checkpoint is `End`.
    finished: bool,
    /// It has a checkpoint, so somebody has found its parents done before.
    started: bool,
}

impl Topology {
    /// Takes in a full listing. What it leaves out has expired.
    pub(in crate::source) fn list(&mut self, shards: Vec<Shard>) {
        let listed: HashSet<ShardId> = shards.iter().map(|shard| shard.id.clone()).collect();
        self.add(shards);
        for (id, node) in &mut self.shards {
            node.listed = listed.contains(id);
        }
        // An expired shard is dropped once nobody below it asks for it.
        let asked: HashSet<ShardId> =
            self.shards.values().flat_map(|node| node.parents.iter().cloned()).collect();
        self.shards.retain(|id, node| node.listed || asked.contains(id));
    }

    /// Takes in shards named by a parent that ended. Another parent of theirs may be one that was never listed: ask
    /// [`knows_parents_of`](Self::knows_parents_of).
    pub(in crate::source) fn add(&mut self, shards: Vec<Shard>) {
        for Shard { id, parents } in shards {
            let fresh = Node { parents: Vec::new(), listed: true, finished: false, started: false };
            let node = self.shards.entry(id).or_insert(fresh);
            // A listing may name one parent where the parent's own last page named both.
            if parents.len() >= node.parents.len() {
                node.parents = parents;
            }
            node.listed = true;
        }
    }

    /// Tells whether each shard's parents are known. One that is not would be taken for one that has expired.
    pub(in crate::source) fn knows_parents_of(&self, shards: &[Shard]) -> bool {
        shards.iter().flat_map(|shard| &shard.parents).all(|parent| self.shards.contains_key(parent))
    }

    pub(in crate::source) fn set_started(&mut self, shard: &ShardId) {
        if let Some(node) = self.shards.get_mut(shard) {
            node.started = true;
        }
    }

    pub(in crate::source) fn set_finished(&mut self, shards: &[ShardId]) {
        for shard in shards {
            if let Some(node) = self.shards.get_mut(shard) {
                node.finished = true;
            }
        }
    }

    pub(in crate::source) fn contains(&self, shard: &ShardId) -> bool {
        self.shards.contains_key(shard)
    }

    /// Tells whether a shard is known to have become another.
    pub(in crate::source) fn has_child(&self, shard: &ShardId) -> bool {
        self.shards.values().any(|node| node.parents.contains(shard))
    }

    pub(in crate::source) fn is_finished(&self, shard: &ShardId) -> bool {
        self.shards.get(shard).is_some_and(|node| node.finished)
    }

    /// Tells whether every parent of a shard is done.
    pub(in crate::source) fn is_readable(&self, shard: &ShardId) -> bool {
        self.shards
            .get(shard)
            .is_some_and(|node| node.started || node.parents.iter().all(|p| self.is_done(p)))
    }

    fn is_done(&self, parent: &ShardId) -> bool {
        self.shards.get(parent).is_none_or(|node| node.finished || !node.listed)
    }

    /// Returns the shards that are still listed and not finished, readable or not.
    pub(in crate::source) fn unfinished(&self) -> impl Iterator<Item = &ShardId> {
        self.shards.iter().filter(|(_, node)| node.listed && !node.finished).map(|(id, _)| id)
    }

    /// Returns every known shard with its parents.
    pub(in crate::source) fn iter(&self) -> impl Iterator<Item = (&ShardId, &[ShardId])> {
        self.shards.iter().map(|(id, node)| (id, node.parents.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parents: &[&str]) -> Shard {
        Shard { id: id.into(), parents: parents.iter().map(|&parent| parent.into()).collect() }
    }

    fn readable(topology: &Topology) -> Vec<&str> {
        topology.unfinished().filter(|id| topology.is_readable(id)).map(ShardId::as_str).collect()
    }

    #[test]
    fn a_child_waits_for_both_parents_over_any_number_of_generations() {
        let mut topology = Topology::default();
        topology.list(vec![
            shard("0", &[]),
            shard("1", &[]),
            shard("2", &["0"]),
            shard("3", &["2", "1"]),
            shard("4", &["3"]),
        ]);
        assert_eq!(readable(&topology), ["0", "1"]);
        topology.set_finished(&["1".into()]);
        assert_eq!(readable(&topology), ["0"], "one parent of the merged shard is not enough");
        topology.set_finished(&["0".into()]);
        assert_eq!(readable(&topology), ["2"]);
        topology.set_finished(&["2".into()]);
        assert_eq!(readable(&topology), ["3"]);
        topology.set_finished(&["3".into()]);
        assert_eq!(readable(&topology), ["4"]);
    }

    #[test]
    fn a_parent_that_retention_removed_is_done() {
        let mut topology = Topology::default();
        topology.list(vec![shard("0", &[]), shard("1", &["0"])]);
        assert_eq!(readable(&topology), ["0"]);
        topology.list(vec![shard("1", &["0"])]);
        assert_eq!(readable(&topology), ["1"]);
    }

    #[test]
    fn a_child_with_a_position_is_read_whatever_its_parents() {
        let mut topology = Topology::default();
        topology.list(vec![shard("0", &[]), shard("1", &["0"])]);
        topology.set_started(&"1".into());
        assert_eq!(readable(&topology), ["0", "1"]);
    }
}
