//! When applications began.

use headwater::ShardId;
use headwater::checkpoint::{Application, ApplicationStart, from_millis, to_millis};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result, params};

/// Returns the recorded start, after recording the proposed one if there is none.
pub(crate) fn record(
    connection: &Connection,
    application: &Application,
    proposed: &ApplicationStart,
) -> Result<ApplicationStart> {
    if let Some(recorded) = get(connection, application)? {
        return Ok(recorded);
    }
    let (name, stream) = (&*application.name, &*application.stream);
    connection
        .execute("INSERT INTO starts VALUES (?1, ?2, ?3)", params![name, stream, to_millis(proposed.at)])?;
    let mut insert = connection.prepare_cached("INSERT INTO start_shards VALUES (?1, ?2, ?3, ?4)")?;
    for (ordinal, shard) in (0_i64..).zip(&proposed.shards) {
        insert.execute(params![name, stream, ordinal, shard.as_str()])?;
    }
    get(connection, application)?.ok_or(Error::QueryReturnedNoRows)
}

/// Returns the recorded start, if there is one.
pub(crate) fn get(connection: &Connection, application: &Application) -> Result<Option<ApplicationStart>> {
    let key = [&*application.name, &*application.stream];
    let at = connection
        .prepare_cached("SELECT at_millis FROM starts WHERE application = ?1 AND stream = ?2")?
        .query_row(key, |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(at) = at else { return Ok(None) };
    let at = from_millis(at)
        .ok_or_else(|| Error::FromSqlConversionFailure(0, Type::Integer, "no such time".into()))?;
    let shards = connection
        .prepare_cached(
            "SELECT shard FROM start_shards WHERE application = ?1 AND stream = ?2 ORDER BY ordinal",
        )?
        .query_map(key, |row| row.get::<_, String>(0))?
        .map(|shard| shard.map(ShardId::new))
        .collect::<Result<_>>()?;
    Ok(Some(ApplicationStart { at, shards }))
}
