//! What must be true of everything that a fleet did.

use std::collections::{HashMap, HashSet};

use headwater::{Position, ShardId};
use headwater_tests::Event;

use crate::world::World;

/// How much of a shard a worker may hand out that was frozen past its lease and does not know yet: a source looks at the
/// clock with every fourth message of a page, and one may be on its way when it is frozen.
pub(crate) const STALE: usize = 5;

/// A shard under one claim.
type Tenure = (String, u64);

/// What a fleet did, once every number is done.
pub(crate) struct Verdict<'a> {
    world: &'a World,
    handed_out: Vec<Event>,
    done: Vec<Event>,
}

impl<'a> Verdict<'a> {
    pub(crate) fn on(world: &'a World) -> Self {
        let ledger = world.fleet.ledger();
        Self { world, handed_out: ledger.handed_out(), done: ledger.done() }
    }

    /// Fails unless every promise was kept. A history is named when it fails.
    pub(crate) fn check(&self, history: &str) {
        self.world.check_failures();
        assert!(self.world.stored.looks() > 0, "{history}: the store was watched");
        let faults = self.world.stored.faults();
        assert!(faults.is_empty(), "{history}: {faults:?}");
        self.check_nothing_is_lost(history);
        self.check_one_owner_for_each_claim(history);
        self.check_order(history);
        self.check_little_is_stale(history);
        self.check_nothing_stored_comes_again(history);
        self.check_parents_come_first(history);
    }

    fn check_nothing_is_lost(&self, history: &str) {
        let handed_out: HashSet<usize> = self.handed_out.iter().map(|event| event.out.number).collect();
        let lost: Vec<_> =
            (0..self.world.entries.len()).filter(|number| !handed_out.contains(number)).collect();
        assert!(lost.is_empty(), "{history}: never handed out: {lost:?}");
        for event in &self.handed_out {
            let entry = &self.world.entries[event.out.number];
            assert_eq!((event.out.shard.as_str(), event.out.position()), place(entry), "{history}");
        }
    }

    fn check_one_owner_for_each_claim(&self, history: &str) {
        let mut owners: HashMap<Tenure, &str> = HashMap::new();
        for event in &self.handed_out {
            let owner = owners.entry(tenure(event)).or_insert(&event.worker);
            assert_eq!(*owner, event.worker, "{history}: two owners of one claim: {event:?}");
        }
    }

    fn check_order(&self, history: &str) {
        let mut last: HashMap<Tenure, Position> = HashMap::new();
        for event in &self.handed_out {
            let before = last.insert(tenure(event), event.out.position());
            assert!(before.is_none_or(|before| before < event.out.position()), "{history}: {event:?}");
        }
    }

    /// What was handed out though a later claim had handed out by then.
    pub(crate) fn stale(&self) -> Vec<&Event> {
        let (mut newest, mut stale) = (HashMap::<&str, u64>::new(), Vec::new());
        for event in &self.handed_out {
            let newest = newest.entry(&event.out.shard).or_default();
            *newest = event.out.token.max(*newest);
            if event.out.token < *newest {
                stale.push(event);
            }
        }
        stale
    }

    fn check_little_is_stale(&self, history: &str) {
        let mut counts: HashMap<Tenure, usize> = HashMap::new();
        for event in self.stale() {
            let count = counts.entry(tenure(event)).or_default();
            *count += 1;
            assert!(
                *count <= STALE,
                "{history}: handed out by one who lost the lease: {event:?}, {count} by now"
            );
        }
    }

    fn check_nothing_stored_comes_again(&self, history: &str) {
        let stale: HashSet<u64> = self.stale().iter().map(|event| event.at).collect();
        let moves = self.world.stored.moves();
        let (mut moves, mut stored) = (moves.iter().peekable(), HashMap::<&ShardId, &Position>::new());
        for event in self.handed_out.iter().filter(|event| !stale.contains(&event.at)) {
            while let Some((_, shard, position)) = moves.next_if(|(at, ..)| *at < event.at) {
                stored.insert(shard, position);
            }
            let entry = &self.world.entries[event.out.number];
            let is_new = stored.get(&entry.shard).is_none_or(|stored| **stored < entry.position);
            assert!(is_new, "{history}: {event:?} comes again though it was stored as done");
        }
    }

    fn check_parents_come_first(&self, history: &str) {
        let mut done: HashMap<usize, u64> = HashMap::new();
        for event in &self.done {
            done.entry(event.out.number).or_insert(event.at);
        }
        let mut numbers: HashMap<&ShardId, Vec<usize>> = HashMap::new();
        for (number, entry) in self.world.entries.iter().enumerate() {
            numbers.entry(&entry.shard).or_default().push(number);
        }
        let mut first: HashMap<&str, u64> = HashMap::new();
        for event in &self.handed_out {
            first.entry(&event.out.shard).or_insert(event.at);
        }
        for (child, parents) in &self.world.parents {
            let Some(first) = first.get(child.as_str()) else { continue };
            for number in parents.iter().filter_map(|parent| numbers.get(parent)).flatten() {
                let done = done.get(number);
                assert!(
                    done.is_some_and(|done| done < first),
                    "{history}: {child} was read before {number} of its parents {parents:?} was done",
                );
            }
        }
    }

    /// The numbers that were handed out again after they were done.
    pub(crate) fn repeated(&self) -> Vec<usize> {
        let mut seen = HashSet::new();
        let again = self.handed_out.iter().filter(|event| !seen.insert(event.out.number));
        again.map(|event| event.out.number).collect()
    }
}

fn tenure(event: &Event) -> Tenure {
    (event.out.shard.clone(), event.out.token)
}

fn place(entry: &crate::world::Entry) -> (&str, Position) {
    (entry.shard.as_str(), entry.position.clone())
}
