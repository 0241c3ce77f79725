//! The contract of a checkpoint store: leases, fencing and positions in one record per shard.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::BoxFuture;

use crate::checkpoint::{Checkpoint, Claim, Lease, LeaseRow};
use crate::{Result, ShardId};

/// A group of workers that share the shards of one stream, and the progress they made together.
///
/// # Example
///
/// Two groups read one stream, each with progress of its own:
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// let (billing, audit) = (Application::new("billing", "orders"), Application::new("audit", "orders"));
/// # let claim = Claim {
/// #     application: billing.clone(),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::unique(),
/// #     expired: None,
/// #     initial: headwater::Position::Beginning.into(),
/// # };
/// assert_eq!(claim.application, billing);
/// store.claim(&claim).await?;
/// assert_eq!(store.list(&billing).await?.len(), 1);
/// assert!(store.list(&audit).await?.is_empty());
/// # Ok(())
/// # }
/// ```
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
///
/// # Example
///
/// ```
/// use headwater::checkpoint::WorkerId;
/// use headwater::source::SourceConfig;
///
/// let mut config = SourceConfig::default();
/// config.worker = WorkerId::new("billing-6f7c9d5b4-x2x9k"); // a pod's name
/// assert_eq!(config.worker.as_str(), "billing-6f7c9d5b4-x2x9k");
/// assert_ne!(WorkerId::unique(), WorkerId::unique());
/// ```
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
///
/// # Example
///
/// What a write goes through, with the token of its message's [`Origin`](crate::Origin):
///
/// ```
/// use headwater::FencingToken;
///
/// let mut highest = FencingToken::default();
/// let mut accepts = |token: FencingToken| {
///     highest = highest.max(token);
///     token == highest
/// };
/// assert!(accepts(FencingToken(1)));
/// assert!(accepts(FencingToken(2)));
/// assert!(!accepts(FencingToken(1)), "its worker lost the lease");
/// ```
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
///
/// # Example
///
/// ```
/// use std::time::SystemTime;
///
/// use headwater::checkpoint::{Application, ApplicationStart, CheckpointStore, MemoryCheckpoints};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let (store, application) = (MemoryCheckpoints::new(), Application::new("billing", "orders"));
/// let now = |shards| ApplicationStart { at: SystemTime::now(), shards };
///
/// let first = store.start(&application, now(vec!["shardId-000000000000".into()])).await?;
/// let later = store.start(&application, now(vec!["shardId-000000000001".into()])).await?;
/// assert_eq!(later, first, "a restart is not a first start");
/// # Ok(())
/// # }
/// ```
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
