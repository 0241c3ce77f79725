//! The stores that checkpoints are kept in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use headwater_tests::{Server, StoreEndpoint, StoreServer, eventually};
use tokio::process::Child;

use crate::relay::streams::Streams;
use crate::support::Headwater;

/// A password that is nowhere else.
const PASSWORD: &str = "hushhush4711";

/// Relays what there is twice: the second time nothing is left.
async fn goes_on(store: &str) {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    streams.fill_with_seq(300).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    for _ in 0..2 {
        let kept = relay.iter().copied().chain(["--app", "copier", "--checkpoints", store]);
        Headwater::at(streams.endpoint, kept).run().await.ok();
        assert!(streams.numbers().await.into_iter().eq(1..=300), "{store}");
    }
    let list = ["group", "copier", "list", "--checkpoints", store, "--stream", streams.from.name()];
    let listed = Headwater::at(streams.endpoint, list).run().await.ok();
    assert!(listed.contains("shardId-000000000001  after "), "{listed}");
}

#[tokio::test]
async fn a_relay_goes_on_from_redis() {
    goes_on(&StoreServer::Redis.shared().url()).await;
}

#[tokio::test]
async fn a_relay_goes_on_from_a_cluster_of_redis() {
    let nodes = StoreServer::RedisCluster.shared().urls();
    goes_on(&nodes[0].replace("redis://", "redis+cluster://")).await;
    let hosts: Vec<_> = nodes.iter().map(|url| url.replace("redis://", "")).collect();
    goes_on(&format!("redis://{}", hosts.join(","))).await;
}

#[tokio::test]
async fn a_relay_goes_on_from_dynamodb() {
    for server in [StoreServer::DynamoDbLocal, StoreServer::Dynoxide] {
        goes_on(&format!("dynamodb:copier-{}?endpoint={}", std::process::id(), server.shared().url())).await;
    }
}

#[tokio::test]
async fn the_endpoint_of_dynamodb_may_come_from_the_environment() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(10).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    let kept = ["--app", "copier", "--checkpoints", "dynamodb:from-the-environment"];
    let url = StoreServer::Dynoxide.shared().url();
    for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
        let relay = Headwater::at(streams.endpoint, relay.iter().chain(&kept));
        relay.env(name, &url).run().await.ok();
        assert_eq!(streams.numbers().await.len(), 10, "{name}");
    }
}

/// Says a line to Redis, and returns what it answers.
fn say(redis: &StoreEndpoint, line: &str) -> String {
    let url = redis.url();
    let mut connection = TcpStream::connect(url.strip_prefix("redis://").unwrap()).unwrap();
    connection.write_all(format!("{line}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn the_password_of_redis_is_told_nowhere() {
    let redis = StoreServer::Redis.start();
    assert!(say(&redis, &format!("CONFIG SET requirepass {PASSWORD}")).contains("+OK"));
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill_with_seq(10).await;
    let host = redis.url().replace("redis://", "");
    let relay =
        ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--app", "copier", "-vvv"];
    let run =
        |url: String| Headwater::at(streams.endpoint, relay.iter().copied().chain(["--checkpoints", &url]));
    let right = format!("redis://:{PASSWORD}@{host}");
    let wrong = format!("redis://:x{PASSWORD}@{host}");
    let nobody = format!("redis://:{PASSWORD}@127.0.0.1:1");
    for (name, run, code) in [
        ("right", run(right), 0),
        ("from the environment", run(redis.url()).env("REDIS_PASSWORD", PASSWORD), 0),
        ("wrong", run(wrong), 1),
        ("nobody there", run(nobody), 1),
        ("no host", run(format!("redis://:{PASSWORD}@")), 2),
        ("no port", run(format!("redis://:{PASSWORD}@{host}9999999")), 2),
        ("no database", run(format!("redis://:{PASSWORD}@{host}/x{PASSWORD}")), 2),
        ("no such store", run(format!("mysql://:{PASSWORD}@{host}")), 2),
    ] {
        let done = run.run().await;
        assert_eq!(done.status.code(), Some(code), "{name}: {}", done.stderr);
        for told in [&done.stdout, &done.stderr] {
            assert!(!told.contains(PASSWORD), "{name}: {told}");
        }
    }
    assert_eq!(streams.numbers().await.len(), 10);
}

async fn told(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().await.unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn a_store_that_is_gone_ends_it_and_loses_nothing() {
    let mut redis = StoreServer::Redis.start();
    let streams = Streams::new(Server::Local.shared(), 2).await;
    streams.fill_with_seq(1_000).await;
    let url = redis.url();
    let relay = ["relay", streams.from.name(), streams.to.name(), "--app", "copier", "--checkpoints", &url];
    let patience = ["--outage-limit", "2s", "--lease-time", "2s", "--commit-interval", "100ms"];
    let child = Headwater::at(streams.endpoint, relay.iter().chain(&patience)).spawn();
    eventually("all is relayed", async || (streams.numbers().await.len() == 1_000).then_some(())).await;
    redis.stop();
    streams.fill_with_seq(2_000).await;
    let (code, stderr) = told(child).await;
    assert_eq!(code, Some(1), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: ") && last.contains("checkpoint"), "{last}");
    assert!(last.ends_with(&format!("started again, it goes on from its checkpoints in {url}")), "{last}");

    redis.start_again();
    Headwater::at(streams.endpoint, relay.iter().chain(&["--until", "tip"])).run().await.ok();
    let mut numbers = streams.numbers().await;
    numbers.dedup();
    assert!(numbers.into_iter().eq(1..=2_000));
}
