//! The contract of a checkpoint store: leases, fencing and positions in one record per shard.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::BoxFuture;

use crate::checkpoint::{Checkpoint, Claim, Lease, LeaseRow};
use crate::{Result, ShardId};

/// A group of workers that share the shards of one stream, and the progress they made together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Application {
    /// The name of the group.
    pub name: Arc<str>,
    /// The stream that it reads.
    pub stream: Arc<str>,
}

impl Application {
    /// Creates an application from its name and the stream that it reads.
    pub fn new(name: impl Into<Arc<str>>, stream: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), stream: stream.into() }
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" on \"{}\"", self.name, self.stream)
    }
}

/// The name of a worker, unique among all that ever ran.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(Arc<str>);

impl WorkerId {
    /// Creates a worker id from a name that nobody else has.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Makes an id that no other process has: the process id for the reader, a random UUID for the guarantee.
    pub fn unique() -> Self {
        Self(format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple()).into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Grows with every claim of a shard and stays the same while the lease is held, so that whoever gets writes from
/// two workers can refuse the older one. Starts at 1.
///
/// Source: M. Kleppmann, [How to do distributed locking](https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When an application read its stream for the first time, and which shards the stream had then.
///
/// It settles what a shard without a row means: one of the first set begins where the user's start position says,
/// any other begins at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationStart {
    /// The time of the first start, by the clock of the worker that was first.
    pub at: SystemTime,
    /// The shards that the stream listed then.
    pub shards: Vec<ShardId>,
}

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
}
