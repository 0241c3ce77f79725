//! What is stored of a group.

use crate::checkpoint::{ApplicationStart, LeaseRow, WorkerRow};

/// What a store knows of a group at one moment.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::{Application, MemoryCheckpoints, WorkerId};
/// use headwater::group::Group;
/// # use headwater::MemoryStream;
/// # use headwater::source::SourceConfig;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = Arc::new(MemoryCheckpoints::new());
/// # let mut config = SourceConfig::default();
/// # config.application = "billing".to_owned();
/// # config.checkpoints = store.clone();
/// # let source = MemoryStream::new("orders", 2).source_with(config).await?;
/// # source.control().ready().await?;
/// let listing = Group::new(store, Application::new("billing", "orders")).list().await?;
/// for row in &listing.leases {
///     let worker = row.owner.as_ref().map_or("nobody", WorkerId::as_str);
///     println!("{} is at {}, held by {worker}", row.shard, row.checkpoint.position);
/// }
/// assert_eq!(listing.leases.len(), 2);
/// assert_eq!(listing.start.expect("it has started").shards.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// When the group began, and with which shards; `None` if it never did.
    pub start: Option<ApplicationStart>,
    /// The rows, ordered by shard. A worker named there may have died: whether it lives shows only in a version that
    /// goes on changing.
    pub leases: Vec<LeaseRow>,
    /// The workers that announced themselves and did not retire, ordered by their names.
    pub workers: Vec<WorkerRow>,
}
