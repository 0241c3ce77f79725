//! Every checkpoint store on its real server, held to one contract.

use std::path::PathBuf;
use std::sync::Once;

use headwater::checkpoint::{MemoryCheckpoints, conformance};
use headwater_sqlite::SqliteCheckpoints;

/// Holds a store to the contract, under a name of its own.
macro_rules! stores {
    ($($name:ident: $open:expr;)+) => {$(
        mod $name {
            use super::*;

            conformance::tests!($open);
        }
    )+};
}

stores! {
    memory: MemoryCheckpoints::new();
    sqlite: SqliteCheckpoints::open(sqlite_file()).await.unwrap();
}

/// One file for all tests of this process, so that they contend for it.
fn sqlite_file() -> PathBuf {
    static FRESH: Once = Once::new();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stores");
    FRESH.call_once(|| {
        // What an earlier run left, if anything.
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
    });
    folder.join("checkpoints.db")
}
