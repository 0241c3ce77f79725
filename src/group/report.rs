//! What became of each shard.

use crate::error::count;
use crate::{Error, ErrorKind, Result, ShardId};

/// What a reset or an import did, shard by shard: each was done or not done for itself.
///
/// # Example
///
/// ```
/// use headwater::group::Report;
/// use headwater::{Error, ErrorKind};
///
/// let changed = Error::new(ErrorKind::Conflict, "its row changed since it was listed");
/// let report = Report {
///     what: "reset \"billing\" on \"orders\"".to_owned(),
///     done: vec!["shardId-000000000000".into()],
///     failed: vec![("shardId-000000000001".into(), changed)],
/// };
/// assert_eq!(
///     report.whole().unwrap_err().to_string(),
///     "reset \"billing\" on \"orders\": 1 of 2 shards done: not done: \
///      shardId-000000000001: its row changed since it was listed; done: shardId-000000000000",
/// );
/// ```
#[derive(Debug)]
#[must_use = "some of the shards may not have been done"]
pub struct Report {
    /// What was to be done, for whoever reads of it.
    pub what: String,
    /// The shards whose checkpoint is stored, in their order.
    pub done: Vec<ShardId>,
    /// The shards for which it is not, and why: `Conflict` where the row changed between the listing and the write. After
    /// a `Timeout` it may be stored all the same. To do the same again is safe.
    pub failed: Vec<(ShardId, Error)>,
}

impl Report {
    /// Returns the shards if every one of them is done.
    ///
    /// # Errors
    ///
    /// The kind of the first failure; it names every shard that was not done, and why, and every one that was.
    pub fn whole(self) -> Result<Vec<ShardId>> {
        let Some((_, first)) = self.failed.first() else { return Ok(self.done) };
        let kind: ErrorKind = first.kind();
        let failed: Vec<_> = self.failed.iter().map(|(shard, why)| format!("{shard}: {why}")).collect();
        let done: Vec<_> = self.done.iter().map(ShardId::as_str).collect();
        let shards = count(done.len() + failed.len(), "shard");
        let context = format!("{}: {} of {shards} done", self.what, done.len());
        let done = if done.is_empty() { "none".to_owned() } else { done.join(", ") };
        Err(Error::new(kind, context).caused_by(format!("not done: {}; done: {done}", failed.join(", "))))
    }
}
