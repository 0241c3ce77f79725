//! The tables, and which version of them a file has.

use headwater::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};

/// "HdWt": tells a file of ours from one of another program.
const APPLICATION_ID: i32 = 0x4864_5774;

/// The version of the tables that this code writes. The first had no workers.
const VERSION: i32 = 2;

const TABLES: &str = "
CREATE TABLE leases (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    shard TEXT NOT NULL,
    owner TEXT,
    token INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position TEXT NOT NULL CHECK (position IN ('beginning', 'at', 'latest', 'after', 'end')),
    sequence TEXT,
    sub_sequence INTEGER,
    at_millis INTEGER,
    arrival_millis INTEGER,
    handoff_to TEXT,
    handoff_token INTEGER,
    PRIMARY KEY (application, stream, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE starts (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    at_millis INTEGER NOT NULL,
    PRIMARY KEY (application, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE start_shards (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    shard TEXT NOT NULL,
    PRIMARY KEY (application, stream, ordinal)
) STRICT, WITHOUT ROWID;
";

const WORKERS: &str = "
CREATE TABLE workers (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    worker TEXT NOT NULL,
    version INTEGER NOT NULL,
    max_shards INTEGER NOT NULL,
    PRIMARY KEY (application, stream, worker)
) STRICT, WITHOUT ROWID;
";

/// Makes the tables in a new file, and those that an older one lacks; refuses a file that is not ours, or newer than this code.
///
/// The outer result is SQLite's, the inner one tells of a file that is sound but not usable.
pub(crate) fn prepare(connection: &mut Connection) -> rusqlite::Result<Result<()>> {
    // The write lock is taken before the look, so that of two processes one makes the tables and the other finds them.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let application: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && version == 0 && tables == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if (application, version) != (APPLICATION_ID, 1) {
        return Ok(check(application, version).map_err(|why| Error::new(ErrorKind::Store, why)));
    }
    transaction.execute_batch(WORKERS)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(Ok(()))
}

fn check(application: i32, version: i32) -> Result<(), String> {
    if application != APPLICATION_ID {
        return Err("the file is a SQLite database of another program".into());
    }
    if version > VERSION {
        return Err(format!(
            "the file has schema version {version}, and this program knows {VERSION} at most"
        ));
    }
    if version < VERSION {
        return Err(format!("the file has schema version {version}, which never was"));
    }
    Ok(())
}
