//! Processes that are killed, and what they leave to the others.

use std::path::{Path, PathBuf};

use headwater::checkpoint::{CheckpointStore, Claim, Lease, WorkerId};
use headwater_sqlite::SqliteCheckpoints;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::tasks::WRITES;
use crate::worker::Worker;
use crate::{after, application, claim};

/// A file on which a worker of this name holds the first shard, and a store that was opened before.
async fn held_by(name: &str) -> (TempDir, PathBuf, SqliteCheckpoints, Worker) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let store = SqliteCheckpoints::open(&file).await.unwrap();
    let worker = start_holding(&file, name);
    (directory, file, store, worker)
}

fn start_holding(file: &Path, name: &str) -> Worker {
    let mut worker = Worker::start("hold one", file, name);
    worker.hear_until("holding");
    worker
}

/// Claims the first shard for another worker, which knows of no expired version.
async fn take(store: &SqliteCheckpoints) -> Option<Lease> {
    store.claim(&claim(&WorkerId::new("heir"), 0)).await.unwrap()
}

fn lock_of(file: &Path, name: &str) -> PathBuf {
    file.with_file_name(format!("checkpoints.db-worker-{name}"))
}

#[tokio::test]
async fn a_checkpoint_that_was_answered_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let mut worker = Worker::start("commit for ever", &file, "pod-7");
    let mut last = 0;
    while last < 300 {
        last = worker.hear().unwrap().parse().unwrap();
    }
    last = worker.kill().last().map_or(last, |sequence| sequence.parse().unwrap());

    let store = SqliteCheckpoints::open(&file).await.unwrap();
    let row = store.list(&application()).await.unwrap().remove(0);
    let stored = row.checkpoint.position;
    assert!(stored >= after(last).position, "{stored} is stored, and {last} was answered");
    assert!(stored <= after(last + 1).position, "{stored} is stored, and {last} was the last but one");
    assert_eq!(row.token.0, 1);
    let heir = take(&store).await.unwrap();
    assert_eq!((heir.token.0, heir.checkpoint.position), (2, stored), "the heir continues there");
}

#[tokio::test]
async fn a_batch_that_kill_9_interrupts_is_stored_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let mut before = 0;
    for round in 1..=6 {
        let mut worker = Worker::start("write for ever", &file, &format!("pod-{round}"));
        let mut last: u64 = 0;
        // A little later each time, so that it is killed in different places.
        for _ in 0..round {
            last = worker.hear().unwrap().parse().unwrap();
        }
        last = worker.kill().last().map_or(last, |sequence| sequence.parse().unwrap());
        assert!(last > before, "it goes on where the one before was killed");

        let store = SqliteCheckpoints::open(&file).await.unwrap();
        let rows = store.list(&application()).await.unwrap();
        let stored = rows[0].checkpoint.clone();
        assert_eq!(rows.len(), WRITES);
        assert!(rows.iter().all(|row| row.checkpoint == stored), "round {round}: part of a batch is stored");
        assert!(stored == after(last) || stored == after(last + 1), "round {round}: {stored:?}, not {last}");
        let check = Connection::open(&file).unwrap();
        let sound: String = check.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        before = last;
    }
}

#[tokio::test]
async fn a_worker_that_was_killed_is_not_waited_for() {
    let (_directory, file, store, worker) = held_by("pod-7").await;
    assert_eq!(take(&store).await, None, "it lives");
    let row = store.list(&application()).await.unwrap().remove(0);
    assert_eq!(row.owner, Some(WorkerId::new("pod-7")));
    assert!(lock_of(&file, "pod-7").exists());

    worker.kill();
    let heir = take(&store).await.expect("it is dead, and there is nothing to wait for");
    assert_eq!((heir.token.0, &heir.checkpoint), (2, &after(7)), "the heir continues there");
    assert!(!lock_of(&file, "pod-7").exists(), "nothing is left of it");
    assert!(store.workers(&application()).await.unwrap().is_empty());
    store.commit(&heir, &after(8)).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_worker_held_is_listed_as_free_and_the_worker_no_more() {
    let (_directory, _, store, worker) = held_by("pod-7").await;
    let before = store.list(&application()).await.unwrap().remove(0);
    assert_eq!(store.workers(&application()).await.unwrap().len(), 1);
    worker.kill();
    let row = store.list(&application()).await.unwrap().remove(0);
    assert_eq!((row.owner, row.token, row.checkpoint), (None, before.token, after(7)));
    assert!(row.version > before.version, "who looks at versions sees that it was freed");
    assert!(store.workers(&application()).await.unwrap().is_empty());

    let (_directory, file, _, worker) = held_by("Pod 8").await;
    let lock = lock_of(&file, "%50od%208");
    assert!(lock.exists(), "its name is one that every file system takes");
    worker.kill();
    let store = SqliteCheckpoints::open(&file).await.unwrap();
    assert!(!lock.exists(), "what an earlier run left is removed when the file is opened");
    assert_eq!(take(&store).await.unwrap().token.0, 2);
}

#[tokio::test]
async fn a_worker_that_was_killed_comes_back_under_its_name_and_is_alive() {
    let (_directory, file, store, worker) = held_by("pod-7").await;
    worker.kill();
    let again = start_holding(&file, "pod-7");
    let row = store.list(&application()).await.unwrap().remove(0);
    assert_eq!((row.owner, row.token.0), (Some(WorkerId::new("pod-7")), 2));
    assert_eq!(take(&store).await, None);
    assert_eq!(store.workers(&application()).await.unwrap().len(), 1);
    again.finish();
}

#[tokio::test]
async fn without_the_file_of_its_lock_no_worker_is_taken_for_dead() {
    let (_directory, file, store, worker) = held_by("pod-7").await;
    std::fs::remove_file(lock_of(&file, "pod-7")).unwrap();
    worker.kill();
    assert_eq!(take(&store).await, None, "nothing proves that it is dead");
    let row = store.list(&application()).await.unwrap().remove(0);
    assert_eq!(row.owner, Some(WorkerId::new("pod-7")));
    let expired = Claim { expired: Some(row.version), ..claim(&WorkerId::new("heir"), 0) };
    assert!(store.claim(&expired).await.unwrap().is_some(), "its lease expires as in any store");

    let (_directory, _, store, worker) = held_by(&"long".repeat(40)).await;
    worker.kill();
    assert_eq!(take(&store).await, None, "a name that is too long for a file has no lock");
}

#[tokio::test]
async fn of_two_processes_with_one_name_the_one_that_lives_keeps_their_leases() {
    let (_directory, file, store, first) = held_by("pod-7").await;
    let second = start_holding(&file, "pod-7");
    first.kill();
    assert_eq!(take(&store).await, None, "the other acts for the worker still");
    assert_eq!(store.workers(&application()).await.unwrap().len(), 1);
    second.kill();
    assert!(take(&store).await.is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_is_frozen_is_not_dead() {
    let (_directory, _, store, worker) = held_by("pod-7").await;
    let signal = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &worker.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    let seen = take(&store).await;
    let row = store.list(&application()).await.unwrap().remove(0);
    signal("-CONT");
    assert_eq!(seen, None, "it may go on at any time");
    assert_eq!(row.owner, Some(WorkerId::new("pod-7")));
    worker.finish();
}
