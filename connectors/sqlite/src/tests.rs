//! What needs a look at the connection.

use futures::StreamExt as _;
use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseWrite, WorkerId,
};
use headwater::{Error, ErrorKind, Position, SequenceNumber, ShardId};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::SqliteCheckpoints;

async fn open() -> (TempDir, SqliteCheckpoints) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteCheckpoints::open(directory.path().join("checkpoints.db")).await.unwrap();
    (directory, store)
}

fn application() -> Application {
    Application::new("billing", "orders")
}

/// So long that a page is full of it.
fn long(text: &str) -> String {
    text.repeat(10_000)
}

fn claim(shard: &str) -> Claim {
    let (application, shard, worker) = (application(), ShardId::new(shard), WorkerId::new("worker"));
    Claim { application, shard, worker, expired: None, initial: Position::Beginning.into() }
}

fn after(digits: &str) -> Checkpoint {
    Position::After { sequence: SequenceNumber::new(digits), sub_sequence: None }.into()
}

/// Makes the disk full, or large: SQLite takes a limit of pages for a full disk.
async fn limit(store: &SqliteCheckpoints, pages: u32) {
    let limit =
        move |connection: &Connection| connection.pragma_update(None, "max_page_count", pages).map(Ok);
    store.writer.run("limit", limit).await.unwrap();
}

/// Does every verb that needs room for something long, and returns how each failed.
async fn fill(store: &SqliteCheckpoints, lease: &Lease) -> Vec<(&'static str, Error)> {
    let (application, heir) = (application(), WorkerId::new(long("heir")));
    let row = store.list(&application).await.unwrap().remove(0);
    let (shard, checkpoint) = (ShardId::new(long("shard")), after(&long("7")));
    let start = ApplicationStart { at: std::time::UNIX_EPOCH, shards: vec![shard.clone()] };
    let writes = [LeaseWrite { lease: lease.clone(), checkpoint: Some(checkpoint.clone()) }];
    let (_, written) = store.write(&writes).next().await.unwrap();
    let failures = [
        ("record the start", store.start(&application, start).await.map(drop)),
        ("claim a lease", store.claim(&claim(&long("shard"))).await.map(drop)),
        ("commit a checkpoint", store.commit(lease, &checkpoint).await.map(drop)),
        ("commit a checkpoint", written.map(drop)),
        ("release the lease", store.release(lease, Some(&heir)).await),
        ("request a hand-off", store.request_handoff(&application, &row, &heir).await.map(drop)),
        (
            "reset a checkpoint",
            store.reset(&application, &row.shard, Some(&row), &checkpoint).await.map(drop),
        ),
        ("announce a worker", store.announce(&application, &heir, 1).await),
    ];
    failures.into_iter().map(|(verb, outcome)| (verb, outcome.expect_err(verb))).collect()
}

#[tokio::test]
async fn on_a_full_disk_no_verb_is_done_and_each_says_so_and_what_is_stored_stays() {
    let (_directory, store) = open().await;
    let lease = store.claim(&claim("shardId-0")).await.unwrap().unwrap();
    store.announce(&application(), &lease.owner, 1).await.unwrap();
    let before = store.list(&application()).await.unwrap();
    limit(&store, 1).await;

    for (verb, error) in fill(&store, &lease).await {
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        let begin = format!("{verb} in \"{}\": the disk is full", store.path().display());
        assert!(error.to_string().starts_with(&begin), "{error} begins with {begin}");
    }
    assert_eq!(store.list(&application()).await.unwrap(), before, "what is stored stays");
    assert_eq!(store.started(&application()).await.unwrap(), None);
    let workers = store.workers(&application()).await.unwrap();
    assert_eq!(workers.len(), 1);
    let lease = store.renew(&lease).await.unwrap();
    store.retire(&application(), &workers[0]).await.unwrap();

    limit(&store, 1_000).await;
    store.commit(&lease, &after(&long("7"))).await.unwrap();
}

#[tokio::test]
async fn a_write_that_cannot_be_stored_fails_alone_in_its_batch() {
    let (_directory, store) = open().await;
    let mut writes = Vec::new();
    for number in 0..3 {
        let lease = store.claim(&claim(&format!("shardId-{number}"))).await.unwrap().unwrap();
        writes.push(LeaseWrite { lease, checkpoint: Some(after("7")) });
    }
    let sub_sequence = Some(u64::MAX);
    writes[1].checkpoint = Some(Position::After { sequence: "7".into(), sub_sequence }.into());
    let mut answers: Vec<_> = store.write(&writes).collect().await;
    answers.sort_by_key(|(index, _)| *index);
    let kinds: Vec<_> =
        answers.iter().map(|(_, answer)| answer.as_ref().map_err(Error::kind).map(drop)).collect();
    assert_eq!(kinds, [Ok(()), Err(ErrorKind::Store), Ok(())]);
    let stored = store.list(&application()).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|row| row.checkpoint).collect();
    assert_eq!(stored, [after("7"), Position::Beginning.into(), after("7")]);
}

#[tokio::test]
async fn a_lock_that_cannot_be_taken_keeps_the_worker_from_writing() {
    let (directory, store) = open().await;
    let lock = directory.path().join("checkpoints.db-worker-worker");
    std::fs::create_dir(&lock).unwrap();
    let error = store.claim(&claim("shardId-0")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let begin = format!("lock \"{}\" for worker worker: ", lock.display());
    assert!(error.to_string().starts_with(&begin), "{error}");
    assert!(store.list(&application()).await.unwrap().is_empty());
    std::fs::remove_dir(&lock).unwrap();
    assert!(store.claim(&claim("shardId-0")).await.unwrap().is_some());
}

#[tokio::test]
async fn verbs_that_nobody_waits_for_any_more_do_no_harm() {
    let (_directory, store) = open().await;
    let application = application();
    for _ in 0..100 {
        let mut dropped = store.list(&application);
        // Queued now, and perhaps done.
        let _poll = futures::poll!(&mut dropped);
    }
    assert!(store.list(&application).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_position_that_no_column_holds_is_refused() {
    let (_directory, store) = open().await;
    let initial = Position::After { sequence: "1".into(), sub_sequence: Some(u64::MAX) }.into();
    let claim = Claim { initial, ..claim("shardId-0") };
    assert_eq!(store.claim(&claim).await.unwrap_err().kind(), ErrorKind::Store);
    assert!(store.list(&application()).await.unwrap().is_empty());
}
