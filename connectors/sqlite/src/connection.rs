//! One connection, set up for several processes that must not lose what they were told.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use headwater::{Error, ErrorKind, Result};
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::error::{failed, is_busy};
use crate::schema;

const VERB: &str = "open checkpoints";

/// How long to leave a file alone that another process sets up.
const SWITCH_PAUSE: Duration = Duration::from_millis(2);

/// Opens the file, and creates it if there is none.
pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let unusable =
        |why: &str| Error::new(ErrorKind::Store, format!("{VERB} in \"{}\": {why}", path.display()));
    if path.is_dir() {
        return Err(unusable("it is a directory"));
    }
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir())
    {
        return Err(unusable(&format!("there is no directory \"{}\"", directory.display())));
    }
    let set_up = || {
        let mut connection = connect(path, busy_timeout)?;
        if connection.is_readonly(MAIN_DB)? {
            return Ok(Err(unusable("the file is read-only")));
        }
        if !write_ahead(&connection)? {
            return Ok(Err(unusable("a write-ahead log is not possible there")));
        }
        let usable = schema::prepare(&mut connection)?;
        Ok(usable.map_err(|error| unusable(&error.to_string())).map(|()| connection))
    };
    let begun = Instant::now();
    loop {
        match set_up() {
            // Two processes that switch a new file to the write-ahead log at once would wait for each other, so SQLite
            // refuses one of them without the wait that it grants everywhere else.
            Err(error) if is_busy(&error) && begun.elapsed() < busy_timeout => thread::sleep(SWITCH_PAUSE),
            Err(error) => return Err(failed(VERB, path, &error)),
            Ok(outcome) => return outcome,
        }
    }
}

fn connect(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLite counts milliseconds in an i32.
    connection.busy_timeout(busy_timeout.min(Duration::from_millis(i32::MAX as u64)))?;
    // Every commit is on the disk before it is answered. A checkpoint that a power cut takes back would only repeat
    // records, but a claim would give its fencing token out a second time.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Switches the file to a write-ahead log, so that one sync does for a commit and readers block nobody.
fn write_ahead(connection: &Connection) -> rusqlite::Result<bool> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}
