//! `headwater group`.

use std::process::Stdio;

use headwater::checkpoint::{Application, CheckpointStore, Claim, Lease};
use headwater::{Position, WorkerId};
use headwater_redis::RedisCheckpoints;
use headwater_sqlite::SqliteCheckpoints;
use headwater_tests::{StoreServer, checkpoint_with_async_kinesis};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::{Done, Headwater};

const FIRST: &str = "shardId-000000000000";
const SECOND: &str = "shardId-000000000001";
const SEQUENCE: &str = "49590338271490256608559692538361571095921575989136588898";

/// A group of two shards in a file, one of them held by a worker that lives.
struct Held {
    store: SqliteCheckpoints,
    lease: Lease,
    folder: TempDir,
}

impl Held {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteCheckpoints::open(folder.path().join("checkpoints.db")).await.unwrap();
        let lease = claim(&store, FIRST, "first").await;
        let done = Position::After { sequence: SEQUENCE.into(), sub_sequence: Some(3) };
        let lease = store.commit(&lease, &done.into()).await.unwrap();
        let second = claim(&store, SECOND, "second").await;
        store.release(&second, None).await.unwrap();
        Self { store, lease, folder }
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("checkpoints.db").display())
    }

    async fn run(&self, verb: &[&str]) -> Done {
        group(&self.url(), verb).run().await
    }

    /// Where each shard is.
    async fn positions(&self) -> Vec<Value> {
        let listed = self.run(&["list", "--output", "json"]).await.json_lines().remove(0);
        let shards = listed["checkpoints"].as_array().unwrap();
        shards.iter().map(|shard| shard["position"].clone()).collect()
    }
}

async fn claim(store: &impl CheckpointStore, shard: &str, worker: &str) -> Lease {
    let claim = Claim {
        application: Application::new("billing", "orders"),
        shard: shard.into(),
        worker: WorkerId::new(worker),
        expired: None,
        initial: Position::Beginning.into(),
    };
    store.claim(&claim).await.unwrap().expect("it is free")
}

/// `headwater group billing VERB`, on the stream `orders`.
fn group(store: &str, verb: &[&str]) -> Headwater {
    let which = ["--checkpoints", store, "--stream", "orders"];
    Headwater::new(["group", "billing"].iter().chain(verb).chain(&which))
}

#[tokio::test]
async fn a_list_tells_where_each_shard_is_and_who_holds_it() {
    let held = Held::new().await;
    let table = held.run(&["list"]).await.ok();
    assert!(table.starts_with("\"billing\" on \"orders\", never started\n"), "{table}");
    let row = |shard| table.lines().find(|line| line.starts_with(shard)).unwrap().split_whitespace();
    let position = format!("{SEQUENCE}.3");
    assert!(row(FIRST).eq([FIRST, "after", &position, "-", "first", "1", "-"]), "{table}");
    assert!(row(SECOND).eq([SECOND, "beginning", "-", "-", "1", "-"]), "{table}");

    let listed = held.run(&["list", "--output", "json"]).await.json_lines().remove(0);
    assert_eq!((&listed["application"], &listed["stream"]), (&json!("billing"), &json!("orders")));
    let first = &listed["checkpoints"][0];
    assert_eq!(first["position"], json!({ "after": { "sequence": SEQUENCE, "sub_sequence": 3 } }));
    assert_eq!((&first["owner"], &first["token"]), (&json!("first"), &json!(1)));
    assert_eq!(listed["checkpoints"][1]["owner"], Value::Null);
}

#[tokio::test]
async fn an_arn_names_the_same_stream() {
    let held = Held::new().await;
    let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    let list = ["group", "billing", "list", "--checkpoints", &held.url(), "--stream", arn];
    assert!(Headwater::new(list).run().await.ok().contains(FIRST));
}

#[tokio::test]
async fn a_reset_moves_one_shard_or_all() {
    let held = Held::new().await;
    held.run(&["reset", "--to", "2026-01-31T12:00:00Z", "--shard", SECOND, "--yes"]).await.ok();
    let noon = json!({ "at": "2026-01-31T12:00:00.000Z" });
    assert_eq!(held.positions().await[1], noon);
    held.run(&["reset", "--to", SEQUENCE, "--shard", SECOND, "--yes"]).await.ok();
    assert_eq!(held.positions().await[1], json!({ "after": { "sequence": SEQUENCE } }));

    held.store.release(&held.lease, None).await.unwrap();
    let told = held.run(&["reset", "--to", "horizon", "--yes"]).await.code(0);
    assert!(told.contains("2 shards"), "{told}");
    assert_eq!(held.positions().await, ["beginning", "beginning"]);
    for to in ["latest", "-15m"] {
        held.run(&["reset", "--to", to, "--shard", FIRST, "--shard", SECOND, "--yes"]).await.ok();
        assert!(held.positions().await.iter().all(|position| position["at"].is_string()), "{to}");
    }
}

#[tokio::test]
async fn what_a_worker_holds_is_left_alone_unless_it_is_forced() {
    let held = Held::new().await;
    let told = held.run(&["reset", "--to", "horizon", "--yes"]).await.code(1);
    assert!(told.contains("worker first holds shardId-000000000000") && told.contains("--force"), "{told}");
    held.run(&["reset", "--to", "horizon", "--yes", "--force"]).await.ok();
    assert_eq!(held.positions().await, ["beginning", "beginning"]);
    assert!(held.store.renew(&held.lease).await.is_err(), "the lease is taken");
}

#[tokio::test]
async fn nothing_is_reset_that_nobody_meant() {
    let held = Held::new().await;
    let told = held.run(&["reset", "--to", "horizon", "--shard", SECOND]).await.code(2);
    assert!(told.contains("--yes"), "{told}");
    assert_eq!(held.positions().await[1], "beginning");
}

/// Runs its arguments on a terminal, whose keyboard is its standard input.
const ON_A_TERMINAL: &str = "\
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

#[tokio::test]
async fn a_person_at_a_terminal_is_asked() {
    for (answer, code, then) in
        [("n\n", 1, json!("beginning")), ("y\n", 0, json!({ "after": { "sequence": SEQUENCE } }))]
    {
        let held = Held::new().await;
        let mut terminal = Command::new("python3");
        terminal.args(["-c", ON_A_TERMINAL, env!("CARGO_BIN_EXE_headwater"), "group", "billing", "reset"]);
        terminal.args([
            "--to",
            SEQUENCE,
            "--shard",
            SECOND,
            "--checkpoints",
            &held.url(),
            "--stream",
            "orders",
        ]);
        let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(answer.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        assert!(
            shown.contains("reset shardId-000000000001 of \"billing\" on \"orders\" to after"),
            "{shown}"
        );
        assert_eq!(held.positions().await[1], then);
    }
}

#[tokio::test]
async fn checkpoints_move_from_store_to_store() {
    let held = Held::new().await;
    let redis = StoreServer::Redis.shared().url();
    let dynamodb = format!("dynamodb:moved?endpoint={}", StoreServer::Dynoxide.shared().url());
    let file = held.folder.path().join("billing.json");
    let file = file.to_str().unwrap();
    held.run(&["export", file]).await.ok();
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(held.run(&["export"]).await.ok(), written);
    assert_eq!(held.run(&["export", "-"]).await.ok(), written);

    group(&redis, &["import", file]).run().await.ok();
    let through = group(&redis, &["export"]).run().await.ok();
    group(&dynamodb, &["import", "-"]).input(through).run().await.ok();
    let back = group(&dynamodb, &["export"]).run().await.ok();
    assert_eq!(back, written);

    let fresh = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", fresh.path().join("new.db").display());
    group(&sqlite, &["import", file]).run().await.ok();
    assert_eq!(group(&sqlite, &["export"]).run().await.ok(), written);
}

#[tokio::test]
async fn an_import_leaves_alone_what_a_worker_holds_unless_it_is_forced() {
    let held = Held::new().await;
    let export = held.run(&["export"]).await.ok();
    let told = group(&held.url(), &["import", "-"]).input(export.clone()).run().await.code(1);
    assert!(told.contains("--force"), "{told}");
    group(&held.url(), &["import", "-", "--force"]).input(export).run().await.ok();
    assert!(held.store.renew(&held.lease).await.is_err(), "the lease is taken");
}

#[tokio::test]
async fn checkpoints_of_async_kinesis_are_taken_over() {
    let redis = StoreServer::Redis.start();
    let (allocate, third) = (format!("allocate {FIRST}"), "allocate shardId-000000000002");
    let (first, second) = (format!("checkpoint {FIRST} 42"), format!("checkpoint {SECOND} {SEQUENCE}"));
    let (take, give) = (format!("allocate {SECOND}"), format!("deallocate {SECOND}"));
    let steps = [&allocate, &first, &take, &second, &give, third];
    checkpoint_with_async_kinesis(&redis, "consumers", &steps.map(|step| step as &str)).await;
    let url = redis.url();
    let import = ["import", "--async-kinesis", "consumers"];
    let run = async |more: &[&str]| {
        let verb: Vec<_> = import.iter().chain(more).copied().collect();
        group(&url, &verb).run().await
    };

    let told = run(&["--session-timeout", "1h"]).await.code(3);
    assert!(told.contains("1 shard imported") && told.contains("consumers/7 still reads it"), "{told}");
    let told = run(&["--force"]).await.code(3);
    assert!(told.contains(&format!("{SECOND}: it has a checkpoint already; --overwrite")), "{told}");
    let told = run(&["--force", "--overwrite"]).await.code(0);
    assert!(told.contains("2 shards imported"), "{told}");

    let store = RedisCheckpoints::open(&url).await.unwrap();
    let rows = store.list(&Application::new("billing", "orders")).await.unwrap();
    let positions: Vec<_> = rows.iter().map(|row| row.checkpoint.position.to_string()).collect();
    assert_eq!(positions, ["sequence 42".to_owned(), format!("sequence {SEQUENCE}")]);
}

/// Verb and flags with what has to be told, on a store that is there.
const WRONG: &[(&[&str], i32, &[&str])] = &[
    (&["reset", "--to", "noon", "--yes"], 2, &["--to", "noon", "horizon, latest"]),
    (&["reset", "--yes"], 2, &["--to"]),
    (&["reset", "--to", SEQUENCE, "--yes"], 2, &["--to", "one shard", "--shard"]),
    (&["reset", "--to", "latest", "--shard", "shard-7", "--yes"], 1, &["shard-7 has no checkpoint"]),
    (&["import"], 2, &["FILE"]),
    (&["import", "/nowhere.json"], 1, &["/nowhere.json", "No such file"]),
    (&["import", "-", "--overwrite"], 2, &["--async-kinesis"]),
    (&["import", "--async-kinesis", "x"], 2, &["--async-kinesis", "in Redis", "sqlite:"]),
    (&["export", "/nowhere/billing.json"], 1, &["/nowhere/billing.json", "No such file"]),
    (&["list", "--output", "yaml"], 2, &["--output", "yaml", "table"]),
    (&["lst"], 2, &["lst", "list"]),
];

#[tokio::test]
async fn everything_wrong_is_named_with_what_is_right() {
    let held = Held::new().await;
    for (verb, code, named) in WRONG {
        let told = held.run(verb).await.code(*code);
        for named in *named {
            assert!(told.contains(named), "{verb:?}: {told}");
        }
    }
    let broken = group(&held.url(), &["import", "-"]).input("{\"version\":2}").run().await.code(1);
    assert!(broken.contains("-: read an export: version: 2 is not known"), "{broken}");
}

#[tokio::test]
async fn stores_and_groups_that_are_not_there_are_named() {
    let held = Held::new().await;
    let told = group("memory", &["list"]).run().await.code(2);
    assert!(told.contains("--checkpoints memory") && told.contains("sqlite:PATH"), "{told}");
    let told = group("sqlite:/nowhere.db", &["list"]).run().await.code(1);
    assert!(told.contains("/nowhere.db: there is no such file"), "{told}");
    for verb in ["list", "export"] {
        let nobody = ["group", "biling", verb, "--checkpoints", &held.url(), "--stream", "orders"];
        let told = Headwater::new(nobody).run().await.code(1);
        assert!(told.contains("nothing is stored of \"biling\" on \"orders\""), "{told}");
    }
    let nobody = ["group", "biling", "reset", "--to", "latest", "--yes", "--checkpoints", &held.url()];
    let told = Headwater::new(nobody.iter().chain(&["--stream", "orders"])).run().await.code(1);
    assert!(told.contains("nothing is stored of it"), "{told}");
}

#[tokio::test]
async fn who_stops_reading_a_list_ends_it_quietly() {
    let held = Held::new().await;
    let mut child = group(&held.url(), &["list"]).spawn();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
