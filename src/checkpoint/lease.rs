//! What a store keeps of one shard, and what a worker holds and asks for.

use std::time::SystemTime;

use crate::checkpoint::{Application, FencingToken, WorkerId, from_millis, to_millis};
use crate::{Position, ShardId};

/// The stored position of a shard: everything up to it is done.
///
/// # Example
///
/// ```
/// use std::time::SystemTime;
///
/// use headwater::checkpoint::{Checkpoint, Tracker};
/// use headwater::{Ack, Position};
///
/// let position = Position::After { sequence: "7".into(), sub_sequence: None };
/// let arrival = Some(SystemTime::now());
/// let tracker = Tracker::new();
/// tracker.open([(position.clone(), arrival)]).for_each(Ack::ack);
/// assert_eq!(tracker.watermark(), Some(Checkpoint { position, arrival }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The longest acked prefix.
    pub position: Position,
    /// When the record at that position arrived; one end of a gap, should retention overtake the checkpoint.
    pub arrival: Option<SystemTime>,
}

impl From<Position> for Checkpoint {
    fn from(position: Position) -> Self {
        Self { position, arrival: None }
    }
}

impl Checkpoint {
    /// Returns it as stores keep it: with times to the millisecond, rounded down.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use headwater::Position;
    /// use headwater::checkpoint::Checkpoint;
    ///
    /// let at = |nanos| Checkpoint::from(Position::At(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)));
    /// assert_eq!(at(1_999_999).to_the_millisecond(), at(1_000_000));
    /// ```
    pub fn to_the_millisecond(&self) -> Self {
        let whole = |time| from_millis(to_millis(time)).unwrap_or(time);
        let position = match &self.position {
            Position::At(time) => Position::At(whole(*time)),
            other => other.clone(),
        };
        Self { position, arrival: self.arrival.map(whole) }
    }
}

/// What a worker asks for when it claims a shard.
///
/// # Example
///
/// The lease of a worker that died is taken by the version that it left behind:
///
/// ```
/// use headwater::FencingToken;
/// # use headwater::Position;
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// # let application = Application::new("billing", "orders");
/// # let shard = headwater::ShardId::from("shardId-000000000000");
/// # let (worker, initial) = (WorkerId::new("first"), Position::Beginning.into());
/// # let first = Claim { application: application.clone(), shard, worker, expired: None, initial };
/// # store.claim(&first).await?;
/// // For the lease time this row did not change.
/// let row = &store.list(&application).await?[0];
/// let claim = Claim {
///     application: application.clone(),
///     shard: row.shard.clone(),
///     worker: WorkerId::new("second"),
///     expired: Some(row.version),
///     initial: Position::Beginning.into(),
/// };
/// let lease = store.claim(&claim).await?.expect("the row is still the same");
/// assert_eq!(lease.token, FencingToken(2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Claim {
    /// The group.
    pub application: Application,
    /// The shard.
    pub shard: ShardId,
    /// The worker that claims.
    pub worker: WorkerId,
    /// The version of a row that has not changed for the lease time on the claimer's monotonic clock; `None`
    /// while nothing is known to have expired.
    pub expired: Option<u64>,
    /// Stored as the shard's checkpoint if it has no row yet.
    pub initial: Checkpoint,
}

/// The right to read a shard and to move its checkpoint, as of the last successful verb.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{CheckpointStore, MemoryCheckpoints};
/// # use headwater::checkpoint::{Application, Claim, WorkerId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// # let claim = Claim {
/// #     application: Application::new("billing", "orders"),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::unique(),
/// #     expired: None,
/// #     initial: headwater::Position::Beginning.into(),
/// # };
/// let lease = store.claim(&claim).await?.expect("the shard is free");
/// let renewed = store.renew(&lease).await?;
/// assert_eq!(renewed.token, lease.token);
/// assert_ne!(renewed.version, lease.version, "others see that the worker lives");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The group.
    pub application: Application,
    /// The shard.
    pub shard: ShardId,
    /// The worker that holds it.
    pub owner: WorkerId,
    /// Given at the claim, constant while the lease is held, greater at each later claim.
    pub token: FencingToken,
    /// Changes with every claim, renewal, commit and release, so that a constant one tells of a dead owner.
    pub version: u64,
    /// The stored position.
    pub checkpoint: Checkpoint,
    /// The worker that asked for the lease, if one did since it was claimed.
    pub handoff: Option<WorkerId>,
}

/// A write of one lease, among many: a commit, or a renewal where there is nothing to commit.
///
/// # Example
///
/// ```
/// use futures::StreamExt;
/// use headwater::Position;
/// use headwater::checkpoint::{CheckpointStore, LeaseWrite, MemoryCheckpoints};
/// # use headwater::checkpoint::{Application, Claim, WorkerId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// # let claim = Claim {
/// #     application: Application::new("billing", "orders"),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::unique(),
/// #     expired: None,
/// #     initial: Position::Beginning.into(),
/// # };
/// let lease = store.claim(&claim).await?.expect("the shard is free");
/// let done = Position::After { sequence: "7".into(), sub_sequence: None };
/// let writes = [LeaseWrite { lease, checkpoint: Some(done.clone().into()) }];
///
/// let (index, written) = store.write(&writes).next().await.expect("each write is answered");
/// assert_eq!((index, written?.checkpoint.position), (0, done));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseWrite {
    /// The lease.
    pub lease: Lease,
    /// What is to be stored; `None` renews.
    pub checkpoint: Option<Checkpoint>,
}

/// A request that the owner of a lease hand it over.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, Handoff, MemoryCheckpoints, WorkerId};
/// # use headwater::checkpoint::Claim;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// # let application = Application::new("billing", "orders");
/// # let claim = Claim {
/// #     application: application.clone(),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::new("first"),
/// #     expired: None,
/// #     initial: headwater::Position::Beginning.into(),
/// # };
/// # let lease = store.claim(&claim).await?.expect("the shard is free");
/// let second = WorkerId::new("second");
/// let row = &store.list(&application).await?[0];
/// assert!(store.request_handoff(&application, row, &second).await?);
/// let row = &store.list(&application).await?[0];
/// assert_eq!(row.handoff, Some(Handoff { to: second.clone(), token: lease.token }));
///
/// // The owner learns of it with its next renewal.
/// let lease = store.renew(&lease).await?;
/// assert_eq!(lease.handoff, Some(second));
/// store.release(&lease, lease.handoff.as_ref()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// The worker that asks.
    pub to: WorkerId,
    /// The claim that it was made against; void once the token has changed.
    pub token: FencingToken,
}

/// What a store holds of one shard.
///
/// # Example
///
/// Who reads what:
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints, WorkerId};
/// # use headwater::MemoryStream;
/// # use headwater::source::SourceConfig;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = MemoryCheckpoints::new();
/// # let mut config = SourceConfig::default();
/// # config.application = "billing".to_owned();
/// # config.checkpoints = Arc::new(store.clone());
/// # let source = MemoryStream::new("orders", 2).source_with(config).await?;
/// # source.control().ready().await?;
/// let rows = store.list(&Application::new("billing", "orders")).await?;
/// for row in &rows {
///     let worker = row.owner.as_ref().map_or("nobody", WorkerId::as_str);
///     println!("{worker} reads {} from {}", row.shard, row.checkpoint.position);
/// }
/// assert_eq!(rows.len(), 2, "one for each shard");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// The shard.
    pub shard: ShardId,
    /// The worker that holds the lease, or to which it was released; `None` when it is free.
    pub owner: Option<WorkerId>,
    /// The token of the last claim.
    pub token: FencingToken,
    /// Changes with every claim, renewal, commit and release. A hand-off request leaves it alone: it proves nothing
    /// about the life of the owner, and must not put off the expiry of a dead one.
    pub version: u64,
    /// The stored position.
    pub checkpoint: Checkpoint,
    /// The standing hand-off request.
    pub handoff: Option<Handoff>,
}
