//! The group that shares a stream, and when it began.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::ShardId;

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
