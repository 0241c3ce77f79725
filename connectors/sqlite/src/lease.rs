//! Rows of the table of leases.

use headwater::checkpoint::{Application, FencingToken, Handoff, LeaseRow, WorkerId};
use headwater::{Result as Outcome, ShardId};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use crate::position::{CheckpointColumns, integer};

const ONE: &str = "
SELECT shard, owner, token, version, position, sequence, sub_sequence, at_millis, arrival_millis, handoff_to, handoff_token
FROM leases WHERE application = ?1 AND stream = ?2 AND shard = ?3";

const ALL: &str = "
SELECT shard, owner, token, version, position, sequence, sub_sequence, at_millis, arrival_millis, handoff_to, handoff_token
FROM leases WHERE application = ?1 AND stream = ?2 ORDER BY shard";

const PUT: &str = "
INSERT OR REPLACE INTO leases (application, stream, shard, owner, token, version,
    position, sequence, sub_sequence, at_millis, arrival_millis, handoff_to, handoff_token)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const FREE: &str = "
UPDATE leases SET owner = NULL, version = version + 1, handoff_to = NULL, handoff_token = NULL WHERE owner = ?1";

/// Reads the row of a shard, if it has one.
pub(crate) fn get(
    connection: &Connection,
    application: &Application,
    shard: &ShardId,
) -> Result<Option<LeaseRow>> {
    let key = [&*application.name, &*application.stream, shard.as_str()];
    connection.prepare_cached(ONE)?.query_row(key, read).optional()
}

/// Reads the rows of an application, ordered by shard.
pub(crate) fn list(connection: &Connection, application: &Application) -> Result<Vec<LeaseRow>> {
    let mut statement = connection.prepare_cached(ALL)?;
    statement.query_map([&*application.name, &*application.stream], read)?.collect()
}

/// Changes the row of a shard by a verb, and writes it back if the verb succeeded.
pub(crate) fn change<T>(
    connection: &Connection,
    name: &str,
    application: &Application,
    shard: &ShardId,
    verb: &mut impl FnMut(&mut LeaseRow) -> Outcome<T>,
) -> Result<Outcome<T>> {
    let Some(mut row) = get(connection, application, shard)? else {
        return Ok(Err(LeaseRow::missing(name, application, shard)));
    };
    let before = row.clone();
    let outcome = verb(&mut row);
    if outcome.is_ok() && row != before {
        put(connection, application, &row)?;
    }
    Ok(outcome)
}

/// Frees every shard of a worker, whatever the application.
pub(crate) fn free(connection: &Connection, worker: &WorkerId) -> Result<()> {
    connection.prepare_cached(FREE)?.execute([worker.as_str()]).map(drop)
}

/// Writes a row whole. The caller holds the write lock since it read the row.
pub(crate) fn put(connection: &Connection, application: &Application, row: &LeaseRow) -> Result<()> {
    let checkpoint = CheckpointColumns::write(&row.checkpoint)?;
    let handoff = row.handoff.as_ref();
    connection.prepare_cached(PUT)?.execute(params![
        &*application.name,
        &*application.stream,
        row.shard.as_str(),
        row.owner.as_ref().map(WorkerId::as_str),
        integer(row.token.0)?,
        integer(row.version)?,
        checkpoint.position,
        checkpoint.sequence,
        checkpoint.sub_sequence,
        checkpoint.at_millis,
        checkpoint.arrival_millis,
        handoff.map(|handoff| handoff.to.as_str()),
        handoff.map(|handoff| integer(handoff.token.0)).transpose()?,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<LeaseRow> {
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let handoff = match row.get::<_, Option<String>>(9)? {
        Some(to) => Some(Handoff { to: WorkerId::new(to), token: FencingToken(count(10)?) }),
        None => None,
    };
    Ok(LeaseRow {
        shard: ShardId::new(row.get::<_, String>(0)?),
        owner: row.get::<_, Option<String>>(1)?.map(WorkerId::new),
        token: FencingToken(count(2)?),
        version: count(3)?,
        checkpoint: CheckpointColumns::read(row, 4)?,
        handoff,
    })
}
