//! Several processes on one file: this test binary starts itself again as worker processes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use headwater::checkpoint::{Application, Checkpoint, CheckpointStore, Claim, Lease, WorkerId};
use headwater::{Position, ShardId};
use headwater_sqlite::SqliteCheckpoints;

const SHARDS: usize = 40;
const PROCESSES: usize = 4;

/// Tells a started process what to do, and on which file; a test run by itself has neither.
const TASK: &str = "HEADWATER_SQLITE_TASK";
const FILE: &str = "HEADWATER_SQLITE_FILE";

/// The body of a started process. Does nothing when it is run as a test.
#[tokio::test]
async fn worker_process() {
    let (Ok(task), Ok(file)) = (std::env::var(TASK), std::env::var(FILE)) else { return };
    let store = SqliteCheckpoints::open(file).await.unwrap();
    match task.as_str() {
        "commit for ever" => commit_for_ever(&store).await,
        "claim all" => claim_all(&store, None).await,
        // The version after a claim and a commit.
        "take all over" => claim_all(&store, Some(2)).await,
        "name yourself" => say(WorkerId::unique().as_str()),
        other => panic!("unknown task {other}"),
    }
}

async fn commit_for_ever(store: &SqliteCheckpoints) {
    let mut lease = store.claim(&claim(0, None)).await.unwrap().unwrap();
    for sequence in 1_u64.. {
        lease = store.commit(&lease, &after(sequence)).await.unwrap();
        say(&sequence.to_string());
    }
}

async fn claim_all(store: &SqliteCheckpoints, expired: Option<u64>) {
    for shard in 0..SHARDS {
        let Some(lease) = store.claim(&claim(shard, expired)).await.unwrap() else { continue };
        let Lease { token, .. } = store.commit(&lease, &after(token_position(&lease))).await.unwrap();
        say(&format!("{shard} {token}"));
    }
}

/// Each round of claims commits a greater position than the last.
fn token_position(lease: &Lease) -> u64 {
    lease.token.0
}

#[tokio::test]
async fn a_checkpoint_that_was_answered_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    let mut worker = Worker::start("commit for ever", &file);
    let mut last = 0;
    while last < 300 {
        last = worker.hear().unwrap().parse().unwrap();
    }
    worker.process.kill().unwrap();
    worker.process.wait().unwrap();
    // What it had said by then and nobody had read.
    while let Some(sequence) = worker.hear() {
        last = sequence.parse().unwrap();
    }

    let store = SqliteCheckpoints::open(&file).await.unwrap();
    let row = store.list(&application()).await.unwrap().remove(0);
    let stored = row.checkpoint.position;
    assert!(stored >= after(last).position, "{stored} is stored, and {last} was answered");
    assert!(stored <= after(last + 1).position, "{stored} is stored, and {last} was the last but one");
    assert_eq!(row.token.0, 1);
    let heir = store.claim(&claim(0, Some(row.version))).await.unwrap().unwrap();
    assert_eq!((heir.token.0, heir.checkpoint.position), (2, stored), "the heir continues there");
}

#[test]
fn of_many_processes_that_contend_for_leases_exactly_one_wins_each_and_can_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("checkpoints.db");
    for (round, task) in (1..).zip(["claim all", "take all over"]) {
        // All are started before any is heard, so that even opening the new file is contended.
        let workers: Vec<_> = (0..PROCESSES).map(|_| Worker::start(task, &file)).collect();
        let mut wins: Vec<String> = workers.into_iter().flat_map(Worker::finish).collect();
        wins.sort_unstable();
        let mut expected: Vec<_> = (0..SHARDS).map(|shard| format!("{shard} {round}")).collect();
        expected.sort_unstable();
        assert_eq!(wins, expected, "{task}: each shard has one winner, with the next token");
    }
}

#[test]
fn default_worker_ids_are_unique() {
    let directory = tempfile::tempdir().unwrap();
    let workers: Vec<_> = (0..PROCESSES)
        .map(|number| Worker::start("name yourself", &directory.path().join(format!("{number}.db"))))
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

/// A started process and what it says.
struct Worker {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
}

/// Begins each line that a worker process says: the test harness prints lines of its own.
const SAID: &str = "said: ";

fn say(what: &str) {
    println!("{SAID}{what}");
}

impl Worker {
    fn start(task: &str, file: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "worker_process", "--nocapture"])
            .env(TASK, task)
            .env(FILE, file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, output }
    }

    /// Returns the next whole line that it said, or `None` when it has ended.
    fn hear(&mut self) -> Option<String> {
        let said = |line: String| line.split_once(SAID).map(|(_, said)| said.to_owned());
        self.output.by_ref().map_while(Result::ok).find_map(said)
    }

    /// Waits for its good end and returns all that it said.
    fn finish(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.hear()).collect();
        assert!(self.process.wait().unwrap().success(), "the worker process failed");
        said
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that has ended cannot be killed, which is as good.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn application() -> Application {
    Application::new("billing", "orders")
}

fn claim(shard: usize, expired: Option<u64>) -> Claim {
    Claim {
        application: application(),
        shard: ShardId::new(format!("shardId-{shard:012}")),
        worker: WorkerId::unique(),
        expired,
        initial: Position::Beginning.into(),
    }
}

fn after(sequence: u64) -> Checkpoint {
    Position::After { sequence: sequence.to_string().into(), sub_sequence: None }.into()
}
