//! Files that cannot be used, and files that stop being usable.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use futures::StreamExt as _;
use headwater::checkpoint::{Application, ApplicationStart, CheckpointStore, Claim, LeaseWrite, WorkerId};
use headwater::{Error, ErrorKind, Position};
use headwater_sqlite::SqliteCheckpoints;
use rusqlite::{Connection, TransactionBehavior};

fn claim() -> Claim {
    Claim {
        application: Application::new("billing", "orders"),
        shard: "shardId-000000000000".into(),
        worker: WorkerId::unique(),
        expired: None,
        initial: Position::Beginning.into(),
    }
}

/// Opens a file that cannot be used, and returns why.
async fn refused(path: &Path) -> String {
    let error: Error = SqliteCheckpoints::open(path).await.expect_err("the file is not usable");
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    let text = error.to_string();
    let begin = format!("open checkpoints in \"{}\": ", path.display());
    text.strip_prefix(&begin).unwrap_or_else(|| panic!("{text} begins with {begin}")).to_owned()
}

#[tokio::test]
async fn a_missing_directory_is_named_and_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("not/there");
    let why = refused(&missing.join("checkpoints.db")).await;
    assert_eq!(why, format!("there is no directory \"{}\"", missing.display()));
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_directory_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(refused(directory.path()).await, "it is a directory");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused_when_the_store_is_opened() {
    // Even the superuser makes no files there.
    let why = refused(Path::new("/proc/checkpoints.db")).await;
    assert!(why.starts_with("the file cannot be opened or created: "), "{why}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let notes = "these are notes, and no database. ".repeat(100);
    std::fs::write(&path, &notes).unwrap();
    let why = refused(&path).await;
    assert!(why.starts_with("the file is not a SQLite database: "), "{why}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoints.db");
    let store = SqliteCheckpoints::open(&path).await.unwrap();
    store.claim(&claim()).await.unwrap().unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop((connection, store));

    let mut bytes = std::fs::read(&path).unwrap();
    let header = 100;
    bytes[header..].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let why = refused(&path).await;
    assert!(why.starts_with("the file is damaged: "), "{why}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_versions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoints.db");
    drop(SqliteCheckpoints::open(&path).await.unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    assert_eq!(refused(&path).await, "the file has schema version 7, and this program knows 2 at most");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let shop = Connection::open(&path).unwrap();
    shop.execute_batch("CREATE TABLE customers (name TEXT)").unwrap();
    assert_eq!(refused(&path).await, "the file is a SQLite database of another program");
    let tables: i64 = shop.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn on_a_locked_file_every_verb_is_unavailable_for_the_busy_timeout_and_works_again_when_it_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoints.db");
    let patience = Duration::from_millis(50);
    let store = SqliteCheckpoints::builder(&path).busy_timeout(patience).open().await.unwrap();
    let (claim, start) = (claim(), ApplicationStart { at: UNIX_EPOCH, shards: Vec::new() });
    let (application, worker) = (&claim.application, &claim.worker);
    let lease = store.claim(&claim).await.unwrap().unwrap();
    store.announce(application, worker, 1).await.unwrap();
    let row = store.list(application).await.unwrap().remove(0);
    let announced = store.workers(application).await.unwrap().remove(0);
    let writes = [LeaseWrite { lease: lease.clone(), checkpoint: None }];

    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let checkpoint = Position::End.into();
    for (verb, outcome) in [
        ("record the start", store.start(application, start).await.map(drop)),
        ("claim a lease", store.claim(&claim).await.map(drop)),
        ("renew the lease", store.renew(&lease).await.map(drop)),
        ("commit a checkpoint", store.commit(&lease, &checkpoint).await.map(drop)),
        ("write the leases", store.write(&writes).next().await.unwrap().1.map(drop)),
        ("release the lease", store.release(&lease, None).await),
        ("request a hand-off", store.request_handoff(application, &row, worker).await.map(drop)),
        ("list the leases", store.list(application).await.map(drop)),
        ("reset a checkpoint", store.reset(application, &row.shard, Some(&row), &checkpoint).await.map(drop)),
        ("look for the start", store.started(application).await.map(drop)),
        ("announce a worker", store.announce(application, worker, 2).await),
        ("list the workers", store.workers(application).await.map(drop)),
        ("retire a worker", store.retire(application, &announced).await),
    ] {
        let error = outcome.expect_err(verb);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_retryable());
        let begin = format!("{verb} in \"{}\": other processes kept it locked", path.display());
        assert!(error.to_string().starts_with(&begin), "{error}");
    }

    lock.rollback().unwrap();
    assert_eq!(store.list(application).await.unwrap(), [row], "nothing was done before");
    assert_eq!(store.workers(application).await.unwrap(), [announced]);
    assert_eq!(store.started(application).await.unwrap(), None);
    store.renew(&lease).await.unwrap();
}

#[tokio::test]
async fn a_verb_that_cannot_be_done_does_not_fail_those_that_wait_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoints.db");
    let store = SqliteCheckpoints::open(&path).await.unwrap();
    let sound = claim();
    let spoilt = Claim { application: Application::new("spoilt", "orders"), ..claim() };
    let lease = store.claim(&sound).await.unwrap().unwrap();
    store.claim(&spoilt).await.unwrap().unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE leases SET position = 'at' WHERE application = 'spoilt'", []).unwrap();

    for _ in 0..50 {
        let (spoilt, renewed) = tokio::join!(store.list(&spoilt.application), store.renew(&lease));
        assert_eq!(spoilt.unwrap_err().kind(), ErrorKind::Store);
        renewed.unwrap();
    }
}
