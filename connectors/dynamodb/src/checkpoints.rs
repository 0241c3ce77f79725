//! The store.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, WorkerId, WorkerRow,
};
use headwater::{Result, ShardId};
use tokio::sync::OnceCell;

use crate::DynamoDbCheckpointsBuilder;
use crate::api::Api;
use crate::group::Group;
use crate::naming::Naming;

/// Keeps leases and checkpoints in DynamoDB, in the lease table of the Kinesis Client Library.
///
/// Workers of KCL 2 and 3 and of Headwater may share the table, and so the shards of a stream: an application can be
/// moved from one to the other while it runs, and back. The KCL names its table after the application, and so does
/// this store. It writes attributes that the KCL has, as the KCL writes them, and leaves all others as they are; what
/// Headwater has beside that is in a second table, `<table>-headwater`. Both are made on demand, paid by request and
/// without a time to live, so that a group that was down for a week resumes where it was. A table of the KCL's
/// multi-stream mode is none that can be shared.
///
/// Every write is conditional on `leaseCounter` as it was read, and on the owners. Clones share everything.
///
/// # Sharing with a KCL
///
/// - *From a KCL*: where the table has the lock of a leader, which KCL 3.5 keeps there, a lease is asked for as that leader
///   would, by `checkpointOwner`, and comes once its owner has stored its checkpoint. Other workers of a KCL know no
///   requests, so that the lease is taken, as they take from each other: its owner stops at its next write, and what it
///   had not checkpointed is read again. The same befalls one that does not answer within 60 writes of its lease.
/// - *To a KCL*: where a leader of KCL 3 wants a lease, its new owner shows as the lease's hand-off, and to release the
///   lease gives it to that one. KCL 2 takes leases, which Headwater finds out at its next write. Free leases, as those
///   of a worker that stopped, are anyone's. A leader of KCL 3 assigns free and expired leases to workers of its own
///   kind, and leaves those of Headwater where they are.
/// - *Time*: give sources the lease time of the KCL, 10 s unless it sets another failover time. A KCL renews thrice in it,
///   and who waits less than that takes what is held.
/// - *Positions*: both resume inside an aggregate. A lease that a KCL made for `AT_TIMESTAMP` and never checkpointed is
///   read from the beginning, because the time stands in that application's settings alone.
/// - *Fencing*: tokens are the lease's counter at the claim, so that they grow over the claims of both.
///
/// # Permissions
///
/// On both tables `dynamodb:DescribeTable`, `GetItem`, `Scan`, `Query`, `UpdateItem`, `DeleteItem`, and `CreateTable`
/// where they do not exist.
///
/// # Cost
///
/// A renewal is one write and one consistent read, a commit two writes one after the other, each of under 1 KB; claims and
/// releases are transactions of two writes. A listing reads both tables.
///
/// # Errors
///
/// `Throttled` once a throttled call was made 6 times; `Timeout` and `Unavailable` where there was no answer;
/// `AccessDenied`, naming the permission; `NotFound` where a table was deleted while in use; `Invalid` where a table
/// belongs to another stream, application or program, naming the way out.
///
/// # Example
///
/// ```no_run
/// use headwater::Position;
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, WorkerId};
/// use headwater_dynamodb::DynamoDbCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = DynamoDbCheckpoints::builder().open().await?;
/// let claim = Claim {
///     application: Application::new("billing", "orders"),
///     shard: "shardId-000000000000".into(),
///     worker: WorkerId::unique(),
///     expired: None,
///     initial: Position::Beginning.into(),
/// };
/// if let Some(lease) = store.claim(&claim).await? {
///     let done = Position::After { sequence: "7".into(), sub_sequence: None };
///     store.commit(&lease, &done.into()).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DynamoDbCheckpoints {
    shared: Arc<Shared>,
}

struct Shared {
    api: Api,
    naming: Naming,
    /// The applications whose tables are ready. One cell each, so that many verbs wait for one preparation.
    groups: Mutex<HashMap<Application, Arc<OnceCell<Group>>>>,
}

impl DynamoDbCheckpoints {
    pub(crate) fn new(api: Api, naming: Naming) -> Self {
        Self { shared: Arc::new(Shared { api, naming, groups: Mutex::default() }) }
    }

    /// Begins to open a store.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater_dynamodb::DynamoDbCheckpoints;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let local = DynamoDbCheckpoints::builder().region("us-east-1").endpoint_url("http://127.0.0.1:8000");
    /// let store = local.open().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> DynamoDbCheckpointsBuilder {
        DynamoDbCheckpointsBuilder::new()
    }

    fn cell(&self, application: &Application) -> Arc<OnceCell<Group>> {
        // No thread panics while it holds this lock, so a poisoned one guards a whole map.
        let mut groups = self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.entry(application.clone()).or_default().clone()
    }

    /// Returns the tables of an application for a verb that writes, made where they are missing.
    async fn group(&self, application: &Application) -> Result<Group> {
        let prepared = self.cell(application);
        let group = prepared.get_or_try_init(|| async {
            let group = Group::new(self.shared.api.clone(), &self.shared.naming, application)?;
            group.prepare().await?;
            Ok(group)
        });
        group.await.cloned()
    }

    /// Returns the tables of an application for a verb that reads, which makes none.
    async fn look(&self, application: &Application) -> Result<Group> {
        if let Some(group) = self.cell(application).get() {
            return Ok(group.clone());
        }
        let group = Group::new(self.shared.api.clone(), &self.shared.naming, application)?;
        group.look().await?;
        Ok(group)
    }
}

impl CheckpointStore for DynamoDbCheckpoints {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        async move { self.group(application).await?.start(&proposed).await }.boxed()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        async move { self.group(&claim.application).await?.claim(claim).await }.boxed()
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        async move { self.group(&lease.application).await?.write("renew the lease", lease, None).await }
            .boxed()
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        async move {
            let group = self.group(&lease.application).await?;
            group.write("commit a checkpoint", lease, Some(checkpoint)).await
        }
        .boxed()
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        async move { self.group(&lease.application).await?.release(lease, to).await }.boxed()
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        async move { self.group(application).await?.request_handoff(row, to).await }.boxed()
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        async move { self.look(application).await?.list().await }.boxed()
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        async move { self.group(application).await?.reset(shard, listed, checkpoint).await }.boxed()
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        async move { self.look(application).await?.started().await }.boxed()
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        async move { self.group(application).await?.announce(worker, max_shards).await }.boxed()
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        async move { self.look(application).await?.workers().await }.boxed()
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        async move { self.group(application).await?.retire(listed).await }.boxed()
    }
}

impl fmt::Debug for DynamoDbCheckpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { api, naming, .. } = &*self.shared;
        f.debug_struct("DynamoDbCheckpoints")
            .field("api", api)
            .field("naming", naming)
            .finish_non_exhaustive()
    }
}
