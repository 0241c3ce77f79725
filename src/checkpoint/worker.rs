//! Who shares the shards of a stream.

use std::fmt;
use std::sync::Arc;

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

    /// Makes an id that no other process has: the host's name and the process id for the reader, a random UUID for the
    /// guarantee.
    pub fn unique() -> Self {
        let host = gethostname::gethostname();
        let random = uuid::Uuid::new_v4().simple();
        Self(format!("{}-{}-{random}", host.to_string_lossy(), std::process::id()).into())
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

/// What a worker announces of itself, so that the others know how many they are to share with.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints, WorkerId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let (store, application) = (MemoryCheckpoints::new(), Application::new("billing", "orders"));
/// store.announce(&application, &WorkerId::new("first"), 4).await?;
///
/// let first = store.workers(&application).await?.remove(0);
/// assert_eq!((first.worker.as_str(), first.max_shards), ("first", 4));
///
/// store.announce(&application, &first.worker, 4).await?;
/// let again = store.workers(&application).await?.remove(0);
/// assert_ne!(again.version, first.version, "others see that it lives");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRow {
    /// The worker.
    pub worker: WorkerId,
    /// Changes with every announcement, so that a constant one tells of a dead worker.
    pub version: u64,
    /// The most shards that it reads at a time.
    pub max_shards: u32,
}
