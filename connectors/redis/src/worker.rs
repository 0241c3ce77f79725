//! Rows of workers.

use headwater::checkpoint::{Application, WorkerId, WorkerRow};
use headwater::{Error, ErrorKind, Result};
use serde::Deserialize;

use crate::RedisCheckpoints;
use crate::script::{ANNOUNCE, RETIRE};

#[derive(Deserialize)]
struct StoredWorker {
    version: u64,
    max_shards: u32,
}

/// Makes the row of a worker, or changes its version.
pub(crate) async fn announce(
    store: &RedisCheckpoints,
    application: &Application,
    worker: &WorkerId,
    max_shards: u32,
) -> Result<()> {
    let row = [Some(worker.as_str().to_owned()), Some(max_shards.to_string())];
    let call = ANNOUNCE.on(store.keys.workers(application), row);
    store.call("announce a worker", application, &call).await
}

/// Reads the rows of an application, ordered by name.
pub(crate) async fn list(store: &RedisCheckpoints, application: &Application) -> Result<Vec<WorkerRow>> {
    let rows = store.read_all("list the workers", application, store.keys.workers(application)).await?;
    let rows = rows.into_iter().map(|(worker, text)| {
        let row: StoredWorker = serde_json::from_slice(&text).map_err(|cause| {
            let what = format!("read the row of worker {worker} of {application}");
            Error::new(ErrorKind::Store, what).caused_by(cause)
        })?;
        Ok(WorkerRow { worker: WorkerId::new(worker), version: row.version, max_shards: row.max_shards })
    });
    let mut rows = rows.collect::<Result<Vec<_>>>()?;
    rows.sort_by(|one, other| one.worker.cmp(&other.worker));
    Ok(rows)
}

/// Deletes the row of a worker that has the version still.
pub(crate) async fn retire(
    store: &RedisCheckpoints,
    application: &Application,
    listed: &WorkerRow,
) -> Result<()> {
    let row = [Some(listed.worker.as_str().to_owned()), Some(listed.version.to_string())];
    let call = RETIRE.on(store.keys.workers(application), row);
    store.call("retire a worker", application, &call).await
}
