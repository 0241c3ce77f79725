//! The workers of an application.

use headwater::Result;
use headwater::checkpoint::{WorkerId, WorkerRow};

use crate::change::Change;
use crate::group::{Group, existing};
use crate::item::{Item, number, number_of, text_of};
use crate::note::{NAME, PART, key_of};

const WORKERS: &str = "workers";
const VERSION: &str = "version";
const MAX_SHARDS: &str = "maxShards";

impl Group {
    /// Makes the row of a worker, or changes its version.
    pub(crate) async fn announce(&self, worker: &WorkerId, max_shards: u32) -> Result<()> {
        let change = Change::of(&self.companion, key_of(WORKERS, worker.as_str()));
        let change = change.increment(VERSION).set(MAX_SHARDS, number(max_shards));
        self.api.update_item(&change).await.map(drop)
    }

    /// Returns the workers, ordered by name.
    pub(crate) async fn workers(&self) -> Result<Vec<WorkerRow>> {
        let items = existing(self.api.query(&self.companion, (PART, WORKERS)).await)?.unwrap_or_default();
        Ok(items.iter().filter_map(worker_of).collect())
    }

    /// Forgets a worker that has the version still.
    pub(crate) async fn retire(&self, listed: &WorkerRow) -> Result<()> {
        let change = Change::of(&self.companion, key_of(WORKERS, listed.worker.as_str()));
        self.api.delete_item(&change.when(VERSION, Some(number(listed.version)))).await
    }
}

fn worker_of(item: &Item) -> Option<WorkerRow> {
    Some(WorkerRow {
        worker: WorkerId::new(text_of(item, NAME)?),
        version: number_of(item, VERSION)?,
        max_shards: number_of(item, MAX_SHARDS)?,
    })
}
