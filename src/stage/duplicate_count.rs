//! How many redeliveries a stage dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many messages a [`Dedupe`](crate::stage::Dedupe) dropped because they had been delivered before. Cheap to clone,
/// and outlives the stage.
///
/// # Example
///
/// ```
/// use headwater::MemoryStream;
/// use headwater::stage::DedupeExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let source = MemoryStream::new("orders", 1).source().await?.dedupe(100_000);
/// let duplicates = source.duplicate_count();
/// drop(source); // or moved into `forward`
/// assert_eq!(duplicates.get(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct DuplicateCount(Arc<AtomicU64>);

impl DuplicateCount {
    /// Returns the count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
