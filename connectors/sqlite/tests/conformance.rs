//! The contract of a checkpoint store, held to by a file on the disk.

use std::path::PathBuf;
use std::sync::Once;

use headwater::checkpoint::conformance;
use headwater_sqlite::SqliteCheckpoints;

conformance::tests!(SqliteCheckpoints::open(shared_file()).await.unwrap());

/// Returns the path of one file for all tests of this process, so that they contend for it.
fn shared_file() -> PathBuf {
    static FRESH: Once = Once::new();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sqlite-conformance");
    FRESH.call_once(|| {
        // What an earlier run left, if anything.
        let _absent = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
    });
    directory.join("checkpoints.db")
}
