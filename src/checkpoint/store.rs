//! The contract of a checkpoint store: leases, fencing and positions in one record per shard.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};

use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, Claim, Lease, LeaseRow, LeaseWrite, WorkerId, WorkerRow,
};
use crate::{Result, ShardId};

/// How many verbs are under way at a time, of a batch or of what a worker has to say.
pub(crate) const VERBS: usize = 16;

/// Keeps, for each shard of each application, one record of who may read it and how far it was read.
///
/// Position and ownership change in one conditional write, so no write of a worker that lost its lease has any
/// effect. A store never looks at a clock: whether a lease has expired is judged by each worker, which sees that a
/// row's version did not change for the lease time on its own monotonic clock, and names that version in its claim.
///
/// The [conformance suite](crate::checkpoint::conformance) checks all of this; run it on a store of your own. One that
/// reads and writes a row in one transaction finds the rules ready made on [`LeaseRow`].
///
/// # Errors
///
/// `LeaseLost` when the row's owner or token is no longer the lease's; `Conflict` when a commit would move a
/// checkpoint backwards; `NotFound` when the row is gone; `Store`, `Unavailable` or `Timeout` when the store itself
/// fails, in which case the verb was done or not done, never half.
///
/// # Cancel safety
///
/// A dropped future has done its verb or has not. Who drops one must list the row again before relying on its lease.
///
/// # Example
///
/// The life of a lease:
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
/// use headwater::{ErrorKind, Position};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let claim_of = |worker: &str| Claim {
/// #     application: Application::new("billing", "orders"),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::new(worker),
/// #     expired: None,
/// #     initial: Position::Beginning.into(),
/// # };
/// # let (first, second) = (claim_of("first"), claim_of("second"));
/// let store = MemoryCheckpoints::new();
/// let lease = store.claim(&first).await?.expect("the shard is free");
/// let done = Position::After { sequence: "7".into(), sub_sequence: None };
/// let lease = store.commit(&lease, &done.clone().into()).await?;
/// assert!(store.claim(&second).await?.is_none(), "the first worker holds it");
///
/// store.release(&lease, None).await?;
/// let next = store.claim(&second).await?.expect("it was released");
/// assert_eq!(next.checkpoint.position, done);
/// assert!(next.token > lease.token);
/// assert_eq!(store.renew(&lease).await.unwrap_err().kind(), ErrorKind::LeaseLost);
/// # Ok(())
/// # }
/// ```
pub trait CheckpointStore: fmt::Debug + Send + Sync + 'static {
    /// Records the first start of an application, unless one is recorded, and returns what is recorded.
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>>;

    /// Takes the lease of a shard. Granted if the shard has no row, if its row has no owner or names the claimer as
    /// its owner, or if its version is still the one that the claim says has expired. The token grows.
    ///
    /// Returns `None` if another worker holds the lease, or if the shard is finished (its checkpoint is `End`).
    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>>;

    /// Proves that the owner lives: changes the version and nothing else.
    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>>;

    /// Moves the checkpoint forward and renews, in one write. Committing the stored position again is a renewal.
    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>>;

    /// Gives the lease up: to the worker that asked for it, if one is named, else to anyone.
    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>>;

    /// Asks the owner of a row, as it was listed, to hand the lease over. The first request stands; returns whether
    /// this worker's request is the one that stands. One made against an older claim is void.
    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Returns the rows of an application, ordered by shard.
    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>>;

    /// Renews or commits many leases, and answers as each is done, in any order, with the index of its write. Each is
    /// done or not done for itself: one lost lease fails alone. By default one verb for each, 16 at a time; a store that
    /// can do many in one exchange does.
    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        stream::iter(writes.iter().enumerate())
            .map(move |(index, write)| async move {
                let answer = match &write.checkpoint {
                    Some(checkpoint) => self.commit(&write.lease, checkpoint).await,
                    None => self.renew(&write.lease).await,
                };
                (index, answer)
            })
            .buffer_unordered(VERBS)
            .boxed()
    }

    /// Stores a checkpoint, whatever was stored, and takes the lease from whoever holds it: an operator's verb. Done only
    /// while the row's version is that of `listed`, or while there is no row where that is `None`; returns whether it was
    /// done. The shard is free afterwards; the token stays, and the version changes.
    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Returns the first start of an application, if one is recorded.
    fn started<'a>(&'a self, application: &'a Application)
    -> BoxFuture<'a, Result<Option<ApplicationStart>>>;

    /// Proves that a worker lives, whether or not it holds a lease, and says how many shards it would read at most.
    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>>;

    /// Returns the workers of an application that announced themselves and did not retire, ordered by their names.
    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>>;

    /// Forgets a worker that left or died, unless it announced itself since it was listed so. Its leases stay its own.
    fn retire<'a>(&'a self, application: &'a Application, listed: &'a WorkerRow)
    -> BoxFuture<'a, Result<()>>;
}

/// A store that is shared, or chosen at run time.
impl<S: CheckpointStore + ?Sized> CheckpointStore for Arc<S> {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        (**self).start(application, proposed)
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        (**self).claim(claim)
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        (**self).renew(lease)
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        (**self).commit(lease, checkpoint)
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        (**self).release(lease, to)
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        (**self).request_handoff(application, row, to)
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        (**self).list(application)
    }
    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        (**self).write(writes)
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        (**self).reset(application, shard, listed, checkpoint)
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        (**self).started(application)
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        (**self).announce(application, worker, max_shards)
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        (**self).workers(application)
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        (**self).retire(application, listed)
    }
}
