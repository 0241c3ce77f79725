//! A group and the store that knows it.

use std::sync::Arc;

use crate::Result;
use crate::checkpoint::{Application, CheckpointStore};
use crate::group::{Export, Listing};

/// The workers that share a stream, seen by who runs them.
///
/// # Errors
///
/// What the store fails with, and what each verb names.
///
/// # Example
///
/// Checkpoints on their way from one store to another:
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
/// use headwater::group::{Group, OnHeld};
/// # use headwater::Position;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// # let (old, new) = (Arc::new(MemoryCheckpoints::new()), Arc::new(MemoryCheckpoints::new()));
/// let billing = Application::new("billing", "orders");
/// # old.reset(&billing, &"shardId-000000000000".into(), None, &Position::Beginning.into()).await?;
/// let export = Group::new(old, billing.clone()).export().await?;
/// let report = Group::new(new.clone(), billing.clone()).import(&export, OnHeld::Refuse).await?;
/// assert_eq!(report.whole()?.len(), new.list(&billing).await?.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Group {
    pub(super) store: Arc<dyn CheckpointStore>,
    pub(super) application: Application,
}

impl Group {
    /// Names a group in a store. Nothing is asked of the store yet.
    pub fn new(store: Arc<dyn CheckpointStore>, application: Application) -> Self {
        Self { store, application }
    }

    /// Returns the name of the group and of its stream.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Reads what is stored of the group: nothing, where it never ran.
    pub async fn list(&self) -> Result<Listing> {
        Ok(Listing {
            start: self.store.started(&self.application).await?,
            leases: self.store.list(&self.application).await?,
            workers: self.store.workers(&self.application).await?,
        })
    }

    /// Reads the checkpoints and the start, to be kept or to be [imported](Self::import) elsewhere. Workers may go on
    /// meanwhile: each checkpoint is one that was stored, and what they do later is missing.
    pub async fn export(&self) -> Result<Export> {
        let checkpoints = self.rows().await?;
        Ok(Export {
            application: self.application.clone(),
            start: self.store.started(&self.application).await?,
            checkpoints: checkpoints.into_iter().map(|(shard, row)| (shard, row.checkpoint)).collect(),
        })
    }
}
