//! What a source tells of its shards.

use std::time::Duration;

use crate::checkpoint::WorkerId;
use crate::{Position, ShardId};

/// What a source knows of one shard.
///
/// # Example
///
/// What an operator wants to know:
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
/// # use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// # let stream = MemoryStream::new("orders", 2);
/// # stream.put("customer-7", "an order");
/// let mut source = stream.source().await?;
/// let message = source.try_next().await?.expect("one was put");
/// # tokio::time::sleep(Duration::from_secs(2)).await;
///
/// let status = source.control().status();
/// let behind = status.iter().filter_map(|shard| shard.millis_behind_latest).max();
/// let unacked: usize = status.iter().map(|shard| shard.in_flight).sum();
/// assert_eq!((behind, unacked), (Some(0), 1));
/// # message.ack();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatus {
    /// The shard.
    pub shard: ShardId,
    /// What is being done with it.
    pub state: ShardState,
    /// The shards that it came from.
    pub parents: Vec<ShardId>,
    /// The worker that holds the lease, where one is known to.
    pub owner: Option<WorkerId>,
    /// The stored position, where one is known.
    pub position: Option<Position>,
    /// How far what was handed out is behind the tip, in milliseconds, where the service told.
    pub millis_behind_latest: Option<u64>,
    /// How many of its messages are neither acked nor abandoned.
    pub in_flight: usize,
    /// The oldest message that is not acked.
    pub oldest_unacked: Option<Position>,
    /// How long ago the page of that message was opened.
    pub unacked_for: Option<Duration>,
    /// Whether the user holds it back.
    pub paused: bool,
}

impl ShardStatus {
    /// Describes a shard that this worker is not reading.
    pub(in crate::source) fn unread(
        shard: ShardId,
        state: ShardState,
        parents: Vec<ShardId>,
        owner: Option<WorkerId>,
        paused: bool,
    ) -> Self {
        Self {
            shard,
            state,
            parents,
            owner,
            position: None,
            millis_behind_latest: None,
            in_flight: 0,
            oldest_unacked: None,
            unacked_for: None,
            paused,
        }
    }
}

/// What is being done with a shard.
///
/// # Example
///
/// Children wait for their parent:
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::source::ShardState;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 1);
/// let parent = stream.put("customer-7", "an order").shard;
/// stream.split(&parent)?;
///
/// let source = stream.source().await?;
/// let control = source.control();
/// control.ready().await?;
/// let states: Vec<_> = control.status().iter().map(|shard| shard.state).collect();
/// let waiting = ShardState::WaitingForParents;
/// assert_eq!(states, [ShardState::Reading, waiting, waiting]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShardState {
    /// A parent is not finished.
    WaitingForParents,
    /// Nobody here holds its lease: it is free, or another worker's.
    Unleased,
    /// It is being read.
    Reading,
    /// Everything asked for was read, or another worker asked for the shard; acks may be out.
    Draining,
    /// It was read to its end and every message acked, by this worker or another.
    Finished,
}
