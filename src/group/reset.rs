//! Where a group is to begin again.

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::group::{Group, OnHeld, Report};
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// Which shards a reset is about.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
/// use headwater::group::{Group, OnHeld, Shards};
/// use headwater::{Position, ShardId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let (store, billing) = (Arc::new(MemoryCheckpoints::new()), Application::new("billing", "orders"));
/// # store.reset(&billing, &"shardId-000000000000".into(), None, &Position::Beginning.into()).await?;
/// let poisoned = ShardId::from("shardId-000000000000");
/// let behind = Position::After { sequence: "49590338271490256608".into(), sub_sequence: None };
/// let group = Group::new(store.clone(), billing.clone());
/// group.reset(&behind, Shards::Only(&[poisoned]), OnHeld::Refuse).await?.whole()?;
/// assert_eq!(store.list(&billing).await?[0].checkpoint.position, behind);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Shards<'a> {
    /// Every shard that has a checkpoint, and those that the stream had when the group first started.
    All,
    /// These, which must be among them.
    Only(&'a [ShardId]),
}

impl Group {
    /// Moves checkpoints, forwards or backwards, and frees their shards.
    ///
    /// [`Position::Latest`] is stored as the time of the reset, by this machine's clock, so that no restart jumps over
    /// what came since. A position [`After`](Position::After) a record is for one shard, that the record is in.
    ///
    /// Where all shards are reset, children wait for their parents again: from the beginning, everything that the stream
    /// still holds is read once more, parents first. A shard that is reset alone does not hold back its children where
    /// they have checkpoints of their own. Shards that came after the first start, and have no checkpoint yet, are read
    /// from their beginning, as ever; and where the settings name the record that a shard starts with, that shard's
    /// beginning is there.
    ///
    /// # Errors
    ///
    /// Before anything is written: `Invalid` for a position that is no place to begin; `NotFound` if nothing is stored of
    /// the group, or it does not know a shard; `Conflict` if a worker holds one of the shards, unless
    /// [`Take`](OnHeld::Take) allows it. After that the [`Report`] tells of each shard.
    ///
    /// # Cancel safety
    ///
    /// Each shard is reset or is not.
    pub async fn reset(&self, to: &Position, shards: Shards<'_>, on_held: OnHeld) -> Result<Report> {
        let what = format!("reset {} to {to}", self.application);
        let refused = |kind, why: String| Err(Error::new(kind, format!("{what}: {why}")));
        let rows = self.rows().await?;
        let start = self.store.started(&self.application).await?;
        let known: BTreeSet<&ShardId> =
            rows.keys().chain(start.iter().flat_map(|start| &start.shards)).collect();
        if known.is_empty() {
            return refused(
                ErrorKind::NotFound,
                "nothing is stored of it; look at the names, and the store".into(),
            );
        }
        let chosen: BTreeSet<&ShardId> = match shards {
            Shards::All => known.clone(),
            Shards::Only(shards) => shards.iter().collect(),
        };
        if let Some(unknown) = chosen.difference(&known).next() {
            let why = format!(
                "{unknown} has no checkpoint, and was not there when the group started; list the group"
            );
            return refused(ErrorKind::NotFound, why);
        }
        let position = match to {
            Position::Latest => Position::At(SystemTime::now()),
            Position::End => {
                return refused(
                    ErrorKind::Invalid,
                    "nothing is read after the end; name a place to begin".into(),
                );
            }
            Position::After { .. } if chosen.len() != 1 => {
                let why = "a sequence number is of one shard; name that shard alone, or reset to a time";
                return refused(ErrorKind::Invalid, why.into());
            }
            Position::After { sequence, .. } if !sequence.is_valid() => {
                return refused(
                    ErrorKind::Invalid,
                    format!("\"{sequence}\" is no number of 1 to 129 digits"),
                );
            }
            position => position.clone(),
        };
        Self::check_free(&what, on_held, &rows, chosen.iter().copied())?;
        let checkpoints = chosen.into_iter().map(|shard| (shard.clone(), position.clone().into()));
        Ok(self.write(what, &rows, checkpoints).await)
    }
}
