//! A checkpoint store that goes wrong.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};

use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, MemoryCheckpoints,
    WorkerId, WorkerRow,
};
use crate::{Error, ErrorKind, Result, ShardId};

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Illness {
    Fails(ErrorKind),
    Hangs,
    Panics,
    Slow(Duration),
    LosesTheAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Claim,
    Renew,
    Commit,
    Release,
    RequestHandoff,
    List,
    Announce,
    Workers,
    Retire,
}

type Diagnosis = dyn Fn(Verb, Option<&ShardId>) -> Option<Illness> + Send + Sync;

/// A memory store with an illness that breaks out in some of its calls.
#[derive(Clone)]
pub(super) struct Sick {
    healthy: MemoryCheckpoints,
    diagnosis: Arc<Diagnosis>,
}

impl Sick {
    pub(super) fn new(
        healthy: &MemoryCheckpoints,
        illness: Illness,
        breaks_out: impl Fn(Verb, Option<&ShardId>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::with(healthy, move |verb, shard| breaks_out(verb, shard).then_some(illness))
    }

    /// A store that suffers from many.
    pub(super) fn with(
        healthy: &MemoryCheckpoints,
        diagnosis: impl Fn(Verb, Option<&ShardId>) -> Option<Illness> + Send + Sync + 'static,
    ) -> Self {
        Self { healthy: healthy.clone(), diagnosis: Arc::new(diagnosis) }
    }

    fn suffer<'a, T: Send + 'a>(
        &'a self,
        verb: Verb,
        shard: Option<&'a ShardId>,
        call: BoxFuture<'a, Result<T>>,
    ) -> BoxFuture<'a, Result<T>> {
        async move {
            // Asked when the call is made, not when it is polled again.
            let Some(illness) = (self.diagnosis)(verb, shard) else { return call.await };
            match illness {
                Illness::Fails(kind) => Err(Error::new(kind, format!("{verb:?} {shard:?}"))),
                Illness::Hangs => std::future::pending().await,
                Illness::Panics => panic!("{verb:?} {shard:?}"),
                Illness::Slow(pause) => {
                    tokio::time::sleep(pause).await;
                    call.await
                }
                Illness::LosesTheAnswer => {
                    call.await?;
                    Err(Error::new(ErrorKind::Timeout, format!("{verb:?} {shard:?}: the answer is lost")))
                }
            }
        }
        .boxed()
    }
}

impl CheckpointStore for Sick {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        self.suffer(Verb::Start, None, self.healthy.start(application, proposed))
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        self.suffer(Verb::Claim, Some(&claim.shard), self.healthy.claim(claim))
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        self.suffer(Verb::Renew, Some(&lease.shard), self.healthy.renew(lease))
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        self.suffer(Verb::Commit, Some(&lease.shard), self.healthy.commit(lease, checkpoint))
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        self.suffer(Verb::Release, Some(&lease.shard), self.healthy.release(lease, to))
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        let asked = self.healthy.request_handoff(application, row, to);
        self.suffer(Verb::RequestHandoff, Some(&row.shard), asked)
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        self.suffer(Verb::List, None, self.healthy.list(application))
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        self.healthy.reset(application, shard, listed, checkpoint)
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        self.healthy.started(application)
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        self.suffer(Verb::Announce, None, self.healthy.announce(application, worker, max_shards))
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        self.suffer(Verb::Workers, None, self.healthy.workers(application))
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        self.suffer(Verb::Retire, None, self.healthy.retire(application, listed))
    }
}

impl fmt::Debug for Sick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sick").finish_non_exhaustive()
    }
}
