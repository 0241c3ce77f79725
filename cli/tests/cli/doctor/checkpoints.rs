//! The checkpoints of an application.

use std::path::Path;
use std::time::{Duration, SystemTime};

use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore as _, Claim, Lease, WorkerId,
};
use headwater::{Position, ShardId};
use headwater_local::{LocalKinesis, Server};
use headwater_redis::RedisCheckpoints;
use headwater_sqlite::SqliteCheckpoints;
use headwater_tests::{StoreServer, eventually};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::doctor::told::Told;
use crate::support::Headwater;

/// A stream of two shards, and a store in which an application has begun to read it.
struct World {
    server: Server,
    directory: TempDir,
    store: SqliteCheckpoints,
}

impl World {
    async fn new() -> Self {
        let server = LocalKinesis::builder().stream("orders", 2).stream("copies", 1).serve().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteCheckpoints::open(directory.path().join("checkpoints.db")).await.unwrap();
        let shards: Vec<ShardId> = vec![shard(0), shard(1)];
        store.start(&billing(), ApplicationStart { at: SystemTime::now(), shards }).await.unwrap();
        Self { server, directory, store }
    }

    async fn claim(&self, shard: ShardId, initial: Checkpoint) -> Lease {
        let worker = WorkerId::new("worker-7");
        let claim = Claim { application: billing(), shard, worker, expired: None, initial };
        self.store.claim(&claim).await.unwrap().expect("it is free")
    }

    async fn doctor(&self) -> Told {
        let path = self.directory.path().join("checkpoints.db");
        Told::by(self.command(&path, "500ms")).await
    }

    fn command(&self, path: &Path, wait: &str) -> Headwater {
        self.at(&format!("sqlite:{}", path.display()), wait)
    }

    fn at(&self, store: &str, wait: &str) -> Headwater {
        let url = self.server.endpoint_url();
        let flags = ["--app", "billing", "--checkpoints", store, "--wait", wait];
        Headwater::new([&["doctor", "orders", "--endpoint-url", &url][..], &flags].concat())
    }
}

fn billing() -> Application {
    Application::new("billing", "orders")
}

fn shard(number: u32) -> ShardId {
    format!("shardId-{number:012}").as_str().into()
}

#[tokio::test]
async fn a_shard_without_an_owner_and_a_worker_without_life_are_found() {
    let world = World::new().await;
    world.claim(shard(0), Position::Beginning.into()).await;
    let told = world.doctor().await;
    told.found("owners", "nobody reads shardId-000000000001", "start a worker");
    told.found("worker worker-7", "no sign of life", "lease time");
    assert_eq!(told.verdict("store"), "ok");
}

#[tokio::test]
async fn a_row_of_a_shard_that_is_gone_is_found() {
    let world = World::new().await;
    let lease = world.claim(shard(9), Position::Beginning.into()).await;
    world.store.release(&lease, None).await.unwrap();
    let told = world.doctor().await;
    told.found("rows", "shardId-000000000009", "headwater group");
    told.found("workers", "nobody runs \"billing\"", "start one");
}

#[tokio::test]
async fn a_checkpoint_that_the_horizon_overtook_is_found_only_where_there_is_more_to_read() {
    let world = World::new().await;
    let long_ago = SystemTime::now() - Duration::from_hours(30);
    for number in [0, 1] {
        let lease = world.claim(shard(number), Position::At(long_ago).into()).await;
        world.store.release(&lease, None).await.unwrap();
    }
    assert_eq!(world.doctor().await.verdict("checkpoints"), "ok", "nothing came since");
    world.server.put("orders", "k", "x").unwrap();
    let told = world.doctor().await;
    told.found("checkpoints", "older than the 24 h", "increase-stream-retention-period");
    assert_eq!(told.seen("checkpoints").matches("shardId").count(), 1, "{told:?}");
}

#[tokio::test]
async fn an_application_that_there_is_not_is_found() {
    let world = World::new().await;
    let empty = world.directory.path().join("empty.db");
    SqliteCheckpoints::open(&empty).await.unwrap();
    let told = Told::by(world.command(&empty, "500ms")).await;
    told.found_only("application", "\"billing\" has nothing stored", "--app");
}

#[tokio::test]
async fn a_store_that_may_only_be_read_is_found() {
    let (world, redis) = (World::new().await, StoreServer::Redis.start());
    let store = RedisCheckpoints::open(&redis.url()).await.unwrap();
    store
        .start(&billing(), ApplicationStart { at: SystemTime::now(), shards: vec![shard(0)] })
        .await
        .unwrap();
    let address = redis.url().trim_start_matches("redis://").to_owned();
    let mut admin = BufReader::new(TcpStream::connect(&address).await.unwrap());
    admin.write_all(b"ACL SETUSER reader on >secret ~* +@read +ping +info\r\n").await.unwrap();
    let mut answer = String::new();
    admin.read_line(&mut answer).await.unwrap();
    assert_eq!(answer, "+OK\r\n");

    let told = Told::by(world.at(&redis.url(), "500ms")).await;
    assert_eq!((told.verdict("store"), told.verdict("store writes")), ("ok", "ok"), "{told:?}");
    let told = Told::by(world.at(&format!("redis://reader:secret@{address}"), "500ms")).await;
    assert_eq!(told.verdict("store"), "ok", "{told:?}");
    told.found("store writes", "let the user run scripts", "let who logs in write there");
}

#[tokio::test]
async fn a_store_that_is_none_is_found_and_none_is_made() {
    let world = World::new().await;
    let missing = world.directory.path().join("missing.db");
    Told::by(world.command(&missing, "500ms")).await.found_only("store", "missing.db", "--checkpoints");
    assert!(!missing.exists());

    let foreign = world.directory.path().join("foreign.db");
    std::fs::write(&foreign, "this is a text").unwrap();
    Told::by(world.command(&foreign, "500ms")).await.found_only("store", "foreign.db", "made");
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_found() {
    let world = World::new().await;
    let newer = world.directory.path().join("newer.db");
    drop(SqliteCheckpoints::open(&newer).await.unwrap());
    let log = world.directory.path().join("newer.db-wal");
    eventually("the file is closed", async || (!log.exists()).then_some(())).await;
    // Where a SQLite file keeps its user_version: https://www.sqlite.org/fileformat.html#database_header
    let mut file = std::fs::read(&newer).unwrap();
    file[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&newer, file).unwrap();
    let told = Told::by(world.command(&newer, "500ms")).await;
    told.found_only("store", "schema version 99", "version");
}

#[tokio::test]
async fn nothing_is_found_while_a_relay_runs() {
    let world = World::new().await;
    let path = world.directory.path().join("relay.db");
    let (url, store) = (world.server.endpoint_url(), format!("sqlite:{}", path.display()));
    let relay =
        ["relay", "orders", "copies", "--endpoint-url", &url, "--app", "billing", "--checkpoints", &store];
    let _relay = Headwater::new(relay).spawn();
    let told = eventually("all shards have their owner", async || {
        let told = Told::by(world.command(&path, "20s")).await;
        told.is_healthy().then_some(told)
    });
    let told = told.await;
    assert!(told.seen("workers").contains("all alive"), "{told:?}");
    assert!(told.seen("owners").starts_with("2 shards"), "{told:?}");
}
