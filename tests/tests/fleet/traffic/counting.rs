//! A store that counts what is asked of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, LeaseWrite,
    MemoryCheckpoints, WorkerRow,
};
use headwater::{Result, ShardId, WorkerId};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Start,
    Claim,
    /// An exchange that writes leases
    Write,
    /// A lease that was written by one of them
    Lease,
    Release,
    Request,
    List,
    Announce,
    Workers,
    Retire,
    Other,
}

/// One worker's view of a store that it shares.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    store: MemoryCheckpoints,
    counts: Arc<Mutex<BTreeMap<Verb, u64>>>,
}

impl Counting {
    pub(super) fn over(store: MemoryCheckpoints) -> Self {
        Self { store, counts: Arc::default() }
    }

    /// Begins anew.
    pub(super) fn forget(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How often a verb was asked for.
    pub(super) fn of(&self, verb: Verb) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(&verb).copied().unwrap_or_default()
    }

    fn count(&self, verb: Verb) -> &MemoryCheckpoints {
        self.add(verb, 1)
    }

    fn add(&self, verb: Verb, count: usize) -> &MemoryCheckpoints {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(verb).or_default() += count as u64;
        &self.store
    }
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: Vec<_> = counts.iter().map(|(verb, count)| format!("{verb:?} {count}")).collect();
        f.write_str(&counts.join(", "))
    }
}

impl CheckpointStore for Counting {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        self.count(Verb::Start).start(application, proposed)
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        self.count(Verb::Claim).claim(claim)
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        self.count(Verb::Other).renew(lease)
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        self.count(Verb::Other).commit(lease, checkpoint)
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        self.count(Verb::Release).release(lease, to)
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        self.count(Verb::Request).request_handoff(application, row, to)
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        self.count(Verb::List).list(application)
    }

    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        if !writes.is_empty() {
            self.count(Verb::Write);
        }
        self.add(Verb::Lease, writes.len()).write(writes)
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        self.count(Verb::Other).reset(application, shard, listed, checkpoint)
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        self.count(Verb::Other).started(application)
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        self.count(Verb::Announce).announce(application, worker, max_shards)
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        self.count(Verb::Workers).workers(application)
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        self.count(Verb::Retire).retire(application, listed)
    }
}
