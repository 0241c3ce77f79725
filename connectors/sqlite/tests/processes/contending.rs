//! Processes that want the same shards, all alive.

use std::collections::BTreeSet;

use headwater::checkpoint::WorkerId;
use headwater_sqlite::SqliteCheckpoints;

use crate::tasks::{LAST_TOKEN, SHARDS};
use crate::worker::Worker;

const PROCESSES: usize = 4;

#[test]
fn of_many_processes_that_contend_for_leases_exactly_one_wins_each_and_can_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    // Those who won the first round live on, so that the second has to take over from them.
    let mut alive = Vec::new();
    for (round, task) in (1..).zip(["claim all", "take all over"]) {
        // All are started before any is heard, so that even opening the new file is contended.
        let first = alive.len();
        alive.extend((0..PROCESSES).map(|n| Worker::start(task, &file, &format!("{task} {n}"))));
        let workers = alive[first..].iter_mut();
        let mut wins: Vec<String> = workers.flat_map(|worker| worker.hear_until("done")).collect();
        wins.sort_unstable();
        let mut expected: Vec<_> = (0..SHARDS).map(|shard| format!("{shard} {round}")).collect();
        expected.sort_unstable();
        assert_eq!(wins, expected, "{task}: each shard has one winner, with the next token");
    }
    for worker in alive {
        assert!(worker.finish().is_empty());
    }
}

#[test]
fn a_shard_goes_from_process_to_process_and_repeats_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let workers = ["a", "b"].map(|name| Worker::start("pass it on", &file, name));
    let mut said: Vec<String> = workers.into_iter().flat_map(Worker::finish).collect();
    said.sort_by_key(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap());

    let first = said[0].split(' ').nth(1).unwrap().to_owned();
    let second = if first == "a" { "b" } else { "a" };
    let expected: Vec<_> = (1..=LAST_TOKEN)
        .map(|token| {
            let name = if token % 2 == 1 { &*first } else { second };
            let position =
                if token == 1 { "the beginning".into() } else { format!("sequence {}", token - 1) };
            format!("{token} {name} {position}")
        })
        .collect();
    assert_eq!(said, expected, "they take turns, and each continues where the other stopped");
}

#[test]
fn default_worker_ids_are_unique() {
    let directory = tempfile::tempdir().unwrap();
    let workers: Vec<_> = (0..PROCESSES)
        .map(|n| Worker::start("name yourself", &directory.path().join(format!("{n}.db")), ""))
        .collect();
    let ids: BTreeSet<_> = workers.into_iter().flat_map(Worker::finish).collect();
    assert_eq!(ids.len(), PROCESSES);
    // Two containers may have the same process id: the id does not rest on it.
    let here: BTreeSet<_> = (0..100).map(|_| WorkerId::unique()).collect();
    assert_eq!(here.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_stores_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let file = directory.path().join(format!("{round}.db"));
        let opening = (0..16).map(|_| tokio::spawn(SqliteCheckpoints::open(file.clone())));
        let opening: Vec<_> = opening.collect();
        for store in opening {
            store.await.unwrap().unwrap();
        }
    }
}
