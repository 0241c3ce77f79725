//! Processes that may not do the same things.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use headwater::checkpoint::{CheckpointStore, WorkerId};
use headwater_sqlite::SqliteCheckpoints;

use crate::worker::Worker;
use crate::{application, claim};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn processes_that_make_files_with_different_modes_share_one_database() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let start = |umask: &str, name| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap());
        let mut worker = Worker::start_by(shell, "hold one", &file, name);
        worker.hear_until("holding");
        worker
    };
    let workers = [start("077", "strict"), start("000", "open")];
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&file), 0o600, "the mode is that of who made it");
    let log = directory.path().join("checkpoints.db-wal");
    assert_eq!(mode(&log), 0o600, "the log is for the same eyes as the database");
    let store = SqliteCheckpoints::open(&file).await.unwrap();
    let owners: Vec<_> =
        store.list(&application()).await.unwrap().into_iter().filter_map(|row| row.owner).collect();
    assert_eq!(owners, [WorkerId::new("strict"), WorkerId::new("open")]);
    for worker in workers {
        worker.finish();
    }
}

#[tokio::test]
async fn a_process_that_may_only_read_the_file_is_told_so_when_it_opens_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let store = SqliteCheckpoints::open(&file).await.unwrap();
    store.claim(&claim(&WorkerId::new("pod-7"), 0)).await.unwrap().unwrap();
    // Nobody else may be let into the directory of the tests, nor into that of this binary.
    let program = directory.path().join("worker");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    set_mode(directory.path(), 0o555);
    set_mode(&file, 0o444);
    let mut command = Command::new(&program);
    let nobody = 65_534;
    if fs::metadata(&file).unwrap().uid() == 0 {
        // The superuser may write whatever the mode says.
        command.uid(nobody).gid(nobody);
    }
    let said = Worker::start_by(command, "hold one", &file, "reader").finish();
    let expected = format!("refused: open checkpoints in \"{}\": the file is read-only", file.display());
    assert_eq!(said, [expected]);
    set_mode(directory.path(), 0o755);
    assert_eq!(store.list(&application()).await.unwrap().len(), 1, "who may write goes on");
}
