//! What a worker knows of the others that share its stream, and what it does about it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::ShardId;
use crate::checkpoint::{LeaseRow, WorkerId, WorkerRow};
use crate::source::leasing::share::share;
use crate::source::leasing::watch::Watch;

/// For how many lease times a worker must have been silent before its row is removed.
const LONG_DEAD: u32 = 10;

/// The workers of an application, as one of them sees them by its own monotonic clock.
///
/// Nobody leads. Each worker takes what is free or has expired up to its fair share, and asks those that hold more than
/// theirs; all go by the same rows, so they agree soon.
pub(in crate::source) struct Fleet {
    me: WorkerId,
    /// The most shards that this worker reads at a time.
    max_shards: usize,
    lease_time: Duration,
    workers: Watch<WorkerId>,
    /// The others that announced themselves within the lease time, and how many shards each takes at most.
    living: BTreeMap<WorkerId, usize>,
    /// Those that announced themselves once and are gone, though they may wait for acks of some shards still.
    retired: HashSet<WorkerId>,
    leases: Watch<ShardId>,
    /// Who holds what, of the others.
    owners: HashMap<ShardId, WorkerId>,
    /// What was taken from this worker in its own name.
    namesakes: HashSet<ShardId>,
}

/// What this worker has of a shard that may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Hold {
    /// It reads it.
    Reading,
    /// It has read as far as was asked for.
    Read,
    /// It is about to give it up.
    Leaving,
    /// Nothing.
    None,
}

/// What is to be done about a listing.
#[derive(Debug, Default)]
pub(in crate::source) struct Plan {
    /// The shards to claim, and the version of the row by which its lease has expired.
    pub(in crate::source) claims: Vec<(ShardId, Option<u64>)>,
    /// The rows whose owners are to be asked for them.
    pub(in crate::source) requests: Vec<LeaseRow>,
    /// Whether something of it is soon to change: a shard is free, or on its way here.
    pub(in crate::source) is_unsettled: bool,
}

impl Fleet {
    pub(in crate::source) fn new(me: WorkerId, max_shards: usize, lease_time: Duration) -> Self {
        Self {
            me,
            max_shards,
            lease_time,
            workers: Watch::default(),
            living: BTreeMap::new(),
            retired: HashSet::new(),
            leases: Watch::default(),
            owners: HashMap::new(),
            namesakes: HashSet::new(),
        }
    }

    /// Takes in who announced itself, and returns the rows of those that have been silent for so long that they may be
    /// removed.
    pub(in crate::source) fn meet(&mut self, workers: Vec<WorkerRow>) -> Vec<WorkerRow> {
        let names: HashSet<&WorkerId> = workers.iter().map(|row| &row.worker).collect();
        self.retired.extend(self.workers.keys().cloned());
        self.retired.retain(|worker| !names.contains(worker));
        self.workers.retain(|worker| names.contains(worker));
        self.living.clear();
        let mut long_dead = Vec::new();
        for row in workers {
            let silent = self.workers.look(row.worker.clone(), row.version);
            if silent >= self.lease_time * LONG_DEAD {
                long_dead.push(row);
            } else if silent < self.lease_time && row.worker != self.me {
                self.living.insert(row.worker, row.max_shards as usize);
            }
        }
        long_dead
    }

    /// Takes in that a lease was lost. If the row bears this worker's name all the same, another worker has that too.
    pub(in crate::source) fn lose(&mut self, shard: ShardId) {
        self.namesakes.insert(shard);
    }

    /// Tells whether these are other workers than those that were last met.
    pub(in crate::source) fn differs_from(&self, workers: &[WorkerRow]) -> bool {
        let known: HashSet<&WorkerId> = self.workers.keys().collect();
        workers.len() != known.len() || workers.iter().any(|row| !known.contains(&row.worker))
    }

    /// Tells whether another worker announced itself within the lease time.
    pub(in crate::source) fn is_living(&self, worker: &WorkerId) -> bool {
        self.living.contains_key(worker)
    }

    /// Returns who else holds a shard, as of the last listing.
    pub(in crate::source) fn owner(&self, shard: &ShardId) -> Option<&WorkerId> {
        self.owners.get(shard)
    }

    /// Tells whether another worker holds a shard, and was seen to be alive within the lease time.
    pub(in crate::source) fn is_elsewhere(&self, shard: &ShardId) -> bool {
        self.owners.contains_key(shard)
            && self.leases.unchanged_for(shard).is_some_and(|unchanged| unchanged < self.lease_time)
    }

    /// Takes in the rows, and says what to do about the shards that may be read.
    pub(in crate::source) fn plan(
        &mut self,
        shards: Vec<(ShardId, Hold)>,
        rows: &HashMap<ShardId, LeaseRow>,
    ) -> Plan {
        let count = shards.len();
        let mut view = View::default();
        let readable: HashSet<&ShardId> = shards.iter().map(|(shard, _)| shard).collect();
        self.leases.retain(|shard| rows.contains_key(shard) || readable.contains(shard));
        drop(readable);
        self.owners.clear();
        for (shard, hold) in shards {
            let row = rows.get(&shard);
            let unchanged = self.leases.look(shard.clone(), row.map_or(0, |row| row.version));
            match hold {
                Hold::Reading => view.mine += 1,
                Hold::Read => view.read += 1,
                Hold::Leaving => {}
                Hold::None => self.see(&mut view, shard, row, unchanged),
            }
        }
        self.retired.retain(|worker| view.loads.contains_key(worker));
        // A worker that let all its leases expire is no longer there, whatever it announced last.
        let living = self
            .living
            .iter()
            .filter(|(worker, _)| view.loads.contains_key(*worker) || !view.silent.contains(*worker));
        // The workers of others than us announce nothing.
        let is_unknown =
            |worker: &&WorkerId| !self.living.contains_key(*worker) && !self.retired.contains(*worker);
        let unknown = view.loads.keys().filter(is_unknown).map(|_| usize::MAX);
        let others: Vec<usize> = living.map(|(_, max_shards)| *max_shards).chain(unknown).collect();
        let is_alone = others.is_empty();
        let share = share(self.max_shards, others, count);
        let mut plan = view.into_plan(share, self.max_shards, is_alone);
        // What they hold will be free any moment.
        plan.is_unsettled |= !self.retired.is_empty();
        plan
    }

    /// Takes in a shard that this worker does not hold.
    fn see(&mut self, view: &mut View, shard: ShardId, row: Option<&LeaseRow>, unchanged: Duration) {
        let is_late = unchanged >= self.lease_time;
        let Some((row, owner)) = row.and_then(|row| Some((row, row.owner.as_ref()?))) else {
            self.namesakes.remove(&shard);
            return view.free.push(Free { shard, expired: None, is_late });
        };
        if *owner == self.me {
            if is_late || !self.namesakes.contains(&shard) {
                view.given.push(shard);
            }
            return;
        }
        self.namesakes.remove(&shard);
        self.owners.insert(shard.clone(), owner.clone());
        if is_late {
            view.silent.insert(owner.clone());
            let is_late = unchanged >= self.lease_time * 2;
            return view.free.push(Free { shard, expired: Some(row.version), is_late });
        }
        let asked =
            row.handoff.as_ref().filter(|handoff| handoff.token == row.token).map(|handoff| &handoff.to);
        match asked {
            Some(to) if *to == self.me => view.expected += 1,
            Some(to) if self.is_living(to) => *view.loads.entry(to.clone()).or_default() += 1,
            Some(_) => *view.loads.entry(owner.clone()).or_default() += 1,
            None => {
                *view.loads.entry(owner.clone()).or_default() += 1;
                view.givers.entry(owner.clone()).or_default().push(row.clone());
            }
        }
    }
}

/// A listing as seen from one worker.
#[derive(Default)]
struct View {
    /// How many shards this worker reads.
    mine: usize,
    /// How many it has read as far as was asked for. They take no room, and are part of its share all the same.
    read: usize,
    /// How many others promised it by a standing request.
    expected: usize,
    /// What was released to this worker.
    given: Vec<ShardId>,
    /// What is nobody's, or has expired.
    free: Vec<Free>,
    /// How many shards each of the others holds, once the standing requests are granted.
    loads: BTreeMap<WorkerId, usize>,
    /// What each of the others can be asked for.
    givers: BTreeMap<WorkerId, Vec<LeaseRow>>,
    /// Those that let a lease expire.
    silent: HashSet<WorkerId>,
}

struct Free {
    shard: ShardId,
    expired: Option<u64>,
    /// Whether those whose share it would be have left it for a lease time.
    is_late: bool,
}

impl View {
    fn into_plan(mut self, share: usize, max_shards: usize, is_alone: bool) -> Plan {
        let mut plan = Plan::default();
        let room = max_shards.saturating_sub(self.mine);
        plan.claims.extend(self.given.into_iter().take(room).map(|shard| (shard, None)));
        if !is_alone {
            // Workers that look at the same time had better not look for the same.
            fastrand::shuffle(&mut self.free);
        }
        plan.is_unsettled = self.expected > 0 || !self.free.is_empty() || !plan.claims.is_empty();
        let mut have = self.mine + plan.claims.len() + self.expected;
        for Free { shard, expired, is_late } in self.free {
            // Fairness is no reason to leave a shard unread.
            let limit = if is_late { max_shards } else { share };
            if have < limit {
                plan.claims.push((shard, expired));
                have += 1;
            }
        }
        have += self.read;
        // Who has less than its share asks those that have two more than itself, so that nothing goes to and fro.
        while have < share {
            let richest = self.givers.iter_mut().filter(|(_, rows)| !rows.is_empty());
            let richest = richest.max_by_key(|(worker, _)| self.loads.get(*worker).copied());
            let Some((worker, rows)) = richest else { break };
            let Some(load) = self.loads.get_mut(worker).filter(|load| **load >= have + 2) else { break };
            plan.requests.push(rows.swap_remove(fastrand::usize(..rows.len())));
            *load -= 1;
            have += 1;
            plan.is_unsettled = true;
        }
        plan
    }
}
