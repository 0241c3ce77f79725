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

#[derive(Debug, Default)]
struct Node {
    parents: Vec<ShardId>,
    listing: Listing,
    /// Its checkpoint is `End`.
    finished: bool,
    /// It has a checkpoint, so somebody has found its parents done before.
    started: bool,
}

/// What the full listings say of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Listing {
    /// None has had it: a parent named it.
    #[default]
    Awaited,
    /// The last one has it.
    Listed,
    /// The last one does not have it any more.
    Expired,
}

impl Topology {
    /// Takes in a full listing. What it leaves out has expired, or is younger than the listing where none has had it yet.
    pub(in crate::source) fn list(&mut self, shards: Vec<Shard>) {
        let listed: HashSet<ShardId> = shards.iter().map(|shard| shard.id.clone()).collect();
        self.add(shards);
        for (id, node) in &mut self.shards {
            node.listing = match node.listing {
                _ if listed.contains(id) => Listing::Listed,
                Listing::Awaited => Listing::Awaited,
                _ => Listing::Expired,
            };
        }
        // An expired shard is dropped once nobody below it asks for it.
        let asked: HashSet<ShardId> =
            self.shards.values().flat_map(|node| node.parents.iter().cloned()).collect();
        self.shards.retain(|id, node| node.is_there() || asked.contains(id));
    }

    /// Takes in shards named by a parent that ended. Another parent of theirs may be one that was never listed: ask
    /// [`knows_parents_of`](Self::knows_parents_of).
    pub(in crate::source) fn add(&mut self, shards: Vec<Shard>) {
        for Shard { id, parents } in shards {
            let node = self.shards.entry(id).or_default();
            // A listing may name one parent where the parent's own last page named both.
            if parents.len() >= node.parents.len() {
                node.parents = parents;
            }
            if node.listing == Listing::Expired {
                node.listing = Listing::Listed;
            }
        }
    }

    /// Tells whether each shard's parents are known. One that is not would be taken for one that has expired.
    pub(in crate::source) fn knows_parents_of(&self, shards: &[Shard]) -> bool {
        shards.iter().flat_map(|shard| &shard.parents).all(|parent| self.shards.contains_key(parent))
    }

    /// Takes in that a shard is not finished, and whether it has a position. It may have been finished before, or have had
    /// one: operators reset what is stored.
    pub(in crate::source) fn set_unfinished(&mut self, shard: &ShardId, started: bool) {
        if let Some(node) = self.shards.get_mut(shard) {
            (node.finished, node.started) = (false, started);
        }
    }

    pub(in crate::source) fn set_finished(&mut self, shards: &[ShardId]) {
        for shard in shards {
            if let Some(node) = self.shards.get_mut(shard) {
                node.finished = true;
            }
        }
    }

    /// Takes a shard that has no row for finished where a child of it was begun: whoever began the child found it done, and
    /// removed its row since, as the KCL does, or never had one.
    pub(in crate::source) fn pass_over(&mut self, has_row: impl Fn(&ShardId) -> bool) {
        let is_begun = |node: &Node| node.started || node.finished;
        let begun = self.shards.values().filter(|node| is_begun(node));
        let mut parents: Vec<ShardId> = begun.flat_map(|node| node.parents.iter().cloned()).collect();
        while let Some(parent) = parents.pop() {
            if let Some(node) =
                self.shards.get_mut(&parent).filter(|node| !node.finished && !has_row(&parent))
            {
                node.finished = true;
                parents.extend(node.parents.iter().cloned());
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
        let Some(node) = self.shards.get(shard) else { return false };
        let is_done = |parent: &ShardId| match self.shards.get(parent) {
            Some(parent) => parent.finished || !parent.is_there(),
            // The listing that had the shard left it out.
            None => node.listing != Listing::Awaited,
        };
        node.started || node.parents.iter().all(is_done)
    }

    /// Returns the shards that are still listed and not finished, readable or not.
    pub(in crate::source) fn unfinished(&self) -> impl Iterator<Item = &ShardId> {
        self.shards.iter().filter(|(_, node)| node.is_there() && !node.finished).map(|(id, _)| id)
    }

    /// Returns every known shard with its parents.
    pub(in crate::source) fn iter(&self) -> impl Iterator<Item = (&ShardId, &[ShardId])> {
        self.shards.iter().map(|(id, node)| (id, node.parents.as_slice()))
    }
}

impl Node {
    /// Tells whether it has not expired.
    fn is_there(&self) -> bool {
        self.listing != Listing::Expired
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
        topology.set_unfinished(&"1".into(), true);
        assert_eq!(readable(&topology), ["0", "1"]);
    }

    #[test]
    fn a_parent_without_a_row_whose_child_was_begun_is_passed_over_over_any_number_of_generations() {
        let mut topology = Topology::default();
        topology.list(vec![shard("0", &[]), shard("1", &["0"]), shard("2", &["1"]), shard("3", &["1"])]);
        topology.set_unfinished(&"2".into(), true);
        topology.pass_over(|id| *id == "1".into());
        assert_eq!(readable(&topology), ["0", "2"], "one that has a row is read on");
        topology.pass_over(|_| false);
        assert_eq!(readable(&topology), ["2", "3"]);
    }

    #[test]
    fn a_group_that_was_reset_is_read_parents_first_once_more() {
        let mut topology = Topology::default();
        topology.list(vec![shard("0", &[]), shard("1", &["0"])]);
        topology.set_finished(&["0".into()]);
        topology.set_unfinished(&"1".into(), true);
        assert_eq!(readable(&topology), ["1"]);
        for reset in ["0", "1"] {
            topology.set_unfinished(&reset.into(), false);
        }
        assert_eq!(readable(&topology), ["0"]);
    }

    #[test]
    fn a_child_that_no_listing_has_had_yet_is_kept_and_waits_for_a_parent_that_none_has_had() {
        let mut topology = Topology::default();
        topology.list(vec![shard("0", &[])]);
        topology.set_finished(&["0".into()]);
        topology.add(vec![shard("3", &["0", "2"])]);
        topology.list(vec![shard("0", &[])]);
        assert!(topology.contains(&"3".into()) && readable(&topology).is_empty());
        topology.list(vec![shard("2", &[]), shard("3", &["0", "2"])]);
        assert_eq!(readable(&topology), ["2"]);
        topology.list(vec![shard("3", &["0", "2"])]);
        assert_eq!(readable(&topology), ["3"], "the other parent has expired");
    }
}
