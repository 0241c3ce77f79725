//! Rows of the table of workers.

use headwater::checkpoint::{Application, WorkerId, WorkerRow};
use rusqlite::{Connection, Result, params};

const ANNOUNCE: &str = "
INSERT INTO workers (application, stream, worker, version, max_shards) VALUES (?1, ?2, ?3, 1, ?4)
ON CONFLICT DO UPDATE SET version = version + 1, max_shards = excluded.max_shards";

const ALL: &str = "
SELECT worker, version, max_shards FROM workers WHERE application = ?1 AND stream = ?2 ORDER BY worker";

const RETIRE: &str = "
DELETE FROM workers WHERE application = ?1 AND stream = ?2 AND worker = ?3 AND version = ?4";

/// Makes the row of a worker, or changes its version.
pub(crate) fn announce(
    connection: &Connection,
    application: &Application,
    worker: &WorkerId,
    max_shards: u32,
) -> Result<()> {
    let row = params![&*application.name, &*application.stream, worker.as_str(), max_shards];
    connection.prepare_cached(ANNOUNCE)?.execute(row).map(drop)
}

/// Reads the rows of an application, ordered by name.
pub(crate) fn list(connection: &Connection, application: &Application) -> Result<Vec<WorkerRow>> {
    let mut statement = connection.prepare_cached(ALL)?;
    let rows = statement.query_map([&*application.name, &*application.stream], |row| {
        Ok(WorkerRow {
            worker: WorkerId::new(row.get::<_, String>(0)?),
            version: row.get::<_, i64>(1)?.cast_unsigned(),
            max_shards: row.get(2)?,
        })
    });
    rows?.collect()
}

/// Deletes the row of a worker that has the version still.
pub(crate) fn retire(connection: &Connection, application: &Application, listed: &WorkerRow) -> Result<()> {
    let version = listed.version.cast_signed();
    let row = params![&*application.name, &*application.stream, listed.worker.as_str(), version];
    connection.prepare_cached(RETIRE)?.execute(row).map(drop)
}

/// Forgets a worker, whatever the application.
pub(crate) fn forget(connection: &Connection, worker: &WorkerId) -> Result<()> {
    connection.prepare_cached("DELETE FROM workers WHERE worker = ?1")?.execute([worker.as_str()]).map(drop)
}
