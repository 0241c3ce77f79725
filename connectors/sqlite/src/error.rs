//! What SQLite's failures mean to a caller.

use std::path::Path;

use headwater::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Names the verb and the file. A locked database is worth another try, anything else is not.
pub(crate) fn failed(verb: &str, path: &Path, cause: &rusqlite::Error) -> Error {
    let kind = if is_busy(cause) { ErrorKind::Unavailable } else { ErrorKind::Store };
    Error::new(kind, format!("{verb} in \"{}\"", path.display())).caused_by(explain(cause))
}

pub(crate) fn is_busy(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Says what SQLite's own words leave open.
fn explain(cause: &rusqlite::Error) -> String {
    let plain = match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "other processes kept it locked",
        Some(ErrorCode::NotADatabase) => "the file is not a SQLite database",
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged",
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the file or its directory cannot be written",
        Some(ErrorCode::CannotOpen) => "the file cannot be opened or created",
        _ => return cause.to_string(),
    };
    format!("{plain}: {cause}")
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn only_a_locked_database_is_worth_another_try() {
        let failure = |code| failed("commit", Path::new("/data/c.db"), &sqlite(code));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_BUSY_SNAPSHOT] {
            assert_eq!(failure(code).kind(), ErrorKind::Unavailable);
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_CORRUPT, ffi::SQLITE_IOERR] {
            assert_eq!(failure(code).kind(), ErrorKind::Store);
        }
    }

    #[test]
    fn a_failure_names_the_verb_the_path_and_the_cause() {
        let text =
            failed("commit a checkpoint", Path::new("/data/c.db"), &sqlite(ffi::SQLITE_FULL)).to_string();
        assert!(text.starts_with("commit a checkpoint in \"/data/c.db\": the disk is full"), "{text}");
    }

    fn sqlite(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }
}
