//! How checkpoints are put where others are: nothing a worker holds by accident, each shard for itself.

use std::collections::HashMap;

use futures::stream::{self, StreamExt};

use crate::checkpoint::{Checkpoint, LeaseRow};
use crate::group::{Group, Report};
use crate::{Error, ErrorKind, Result, ShardId};

/// How many shards are written at a time.
const WRITES: usize = 16;

/// What follows when a worker holds a shard that is to be written.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
/// use headwater::group::{Group, OnHeld, Shards};
/// use headwater::{ErrorKind, Position};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let store = Arc::new(MemoryCheckpoints::new());
/// # let claim = Claim {
/// #     application: Application::new("billing", "orders"),
/// #     shard: "shardId-000000000000".into(),
/// #     worker: WorkerId::new("first"),
/// #     expired: None,
/// #     initial: Position::Beginning.into(),
/// # };
/// let lease = store.claim(&claim).await?.expect("the shard is free");
/// let billing = Group::new(store.clone(), claim.application.clone());
///
/// let refused = billing.reset(&Position::Beginning, Shards::All, OnHeld::Refuse).await.unwrap_err();
/// assert!(refused.to_string().contains("worker first holds shardId-000000000000"));
///
/// billing.reset(&Position::Beginning, Shards::All, OnHeld::Take).await?.whole()?;
/// assert_eq!(store.renew(&lease).await.unwrap_err().kind(), ErrorKind::LeaseLost);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHeld {
    /// Nothing is written, and the error names the shard and the worker. The default.
    #[default]
    Refuse,
    /// The lease is taken from it. No later write of that worker has any effect; what it had out is delivered again.
    Take,
}

impl Group {
    /// Returns the rows by their shards.
    pub(super) async fn rows(&self) -> Result<HashMap<ShardId, LeaseRow>> {
        let rows = self.store.list(&self.application).await?;
        Ok(rows.into_iter().map(|row| (row.shard.clone(), row)).collect())
    }

    /// Refuses what workers hold, unless it may be taken. To be asked before the first write.
    pub(super) fn check_free<'a>(
        what: &str,
        on_held: OnHeld,
        rows: &HashMap<ShardId, LeaseRow>,
        shards: impl Iterator<Item = &'a ShardId>,
    ) -> Result<()> {
        if on_held == OnHeld::Take {
            return Ok(());
        }
        let mut held = shards.filter_map(|shard| rows.get(shard)?.owner.as_ref().map(|owner| (owner, shard)));
        let Some((owner, shard)) = held.next() else { return Ok(()) };
        let others = match held.count() {
            0 => String::new(),
            others => format!(", and {others} more are held"),
        };
        let why = format!(
            "{what}: nothing was written: worker {owner} holds {shard}{others}; stop the workers, or force it if they \
             are dead"
        );
        Err(Error::new(ErrorKind::Conflict, why))
    }

    /// Stores a checkpoint for each shard whose row is as it was listed.
    pub(super) async fn write(
        &self,
        what: String,
        rows: &HashMap<ShardId, LeaseRow>,
        checkpoints: impl IntoIterator<Item = (ShardId, Checkpoint)>,
    ) -> Report {
        let writes = checkpoints.into_iter().map(|(shard, checkpoint)| async move {
            let reset = self.store.reset(&self.application, &shard, rows.get(&shard), &checkpoint).await;
            let changed = || {
                let why = "its row changed since it was listed; list it again, and repeat this if it is still wanted";
                Error::new(ErrorKind::Conflict, why)
            };
            let outcome = reset.and_then(|done| if done { Ok(()) } else { Err(changed()) });
            (shard, outcome)
        });
        let mut report = Report { what, done: Vec::new(), failed: Vec::new() };
        let mut outcomes = stream::iter(writes).buffered(WRITES);
        while let Some((shard, outcome)) = outcomes.next().await {
            match outcome {
                Ok(()) => report.done.push(shard),
                Err(error) => report.failed.push((shard, error)),
            }
        }
        report
    }
}
