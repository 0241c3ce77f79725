//! What `--listen` serves.

use std::net::TcpListener;

use headwater_local::{Faults, LocalKinesis};
use headwater_tests::{Server, TestStream, eventually};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Headwater, Live, Running};

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

async fn streams() -> (TestStream, TestStream) {
    let endpoint = Server::Local.shared();
    (endpoint.create_stream("orders", 2).await, endpoint.create_stream("copies", 2).await)
}

async fn relay(from: &str, to: &str, flags: &[&str]) -> Live {
    let relay = [&["relay", from, to], &LISTEN[..], flags].concat();
    Live::start(Headwater::at(Server::Local.shared(), relay)).await
}

#[tokio::test]
async fn health_readiness_metrics_status_and_page_are_served_while_a_relay_runs() {
    let (orders, copies) = streams().await;
    orders.put("customer-7", "an order").await;
    let relay = relay(orders.name(), copies.name(), &[]).await;
    eventually("it is ready", async || (relay.get("/readyz").await.code == 200).then_some(())).await;
    assert_eq!(relay.get("/readyz").await.body, "running\n");
    let health = relay.get("/healthz").await;
    assert_eq!((health.code, health.body.as_str()), (200, "running\n"));
    eventually("the order is relayed", async || {
        (relay.status().await["sinks"][0]["stored"] == json!(1)).then_some(())
    })
    .await;
    let status = relay.status().await;
    assert_eq!(status["command"], json!("relay"));
    assert_eq!(status["sources"][0]["stream"], json!(orders.name()));
    assert_eq!(status["sources"][0]["shards"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["sinks"][0]["stream"], json!(copies.name()));
    assert_eq!(status["workers"].as_array().map(Vec::len), Some(1));

    let metrics = relay.get("/metrics").await.body;
    for line in [
        "# TYPE headwater_source_messages_total counter".to_owned(),
        "# HELP headwater_source_messages_total Messages fetched, user records of aggregates each".to_owned(),
        format!("headwater_source_messages_total{{stream=\"{}\"}} 1", orders.name()),
        format!("headwater_sink_messages_stored_total{{sink=\"{}\"}} 1", copies.name()),
        format!("headwater_build_info{{command=\"relay\",version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
        "# TYPE headwater_sink_request_seconds histogram".to_owned(),
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line}\n{metrics}");
    }
    let page = relay.get("/").await;
    assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    for elsewhere in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.body.contains(elsewhere), "the page loads {elsewhere}");
    }
}

#[tokio::test]
async fn put_and_copy_serve_what_they_write() {
    let (orders, _) = streams().await;
    for args in [["put", orders.name(), "--codec", "string"], ["copy", "-", orders.name(), "--unlimited"]] {
        let command = Headwater::at(Server::Local.shared(), [&args[..], &LISTEN[..]].concat());
        let (running, mut stdin) = Running::start_fed(command);
        let live = Live::of(running).await;
        stdin.write_all(b"{\"key\":\"customer-7\",\"payload\":\"an order\"}\n").await.unwrap();
        eventually("the line is stored", async || {
            (live.status().await["sinks"][0]["stored"] == json!(1)).then_some(())
        })
        .await;
        let status = live.status().await;
        assert_eq!(status["command"], json!(args[0]));
        assert_eq!(status["sinks"][0]["stream"], json!(orders.name()));
        assert_eq!(live.get("/readyz").await.code, 200, "{}", args[0]);
        drop(stdin);
        assert_eq!(live.running().end().await.0.code(), Some(0));
    }
}

#[tokio::test]
async fn tail_and_copy_serve_what_they_read() {
    let (orders, _) = streams().await;
    orders.put("customer-7", "an order").await;
    for args in [["tail", orders.name(), "--from", "horizon"], ["copy", orders.name(), "-", "--follow"]] {
        let command = Headwater::at(Server::Local.shared(), [&args[..], &LISTEN[..]].concat());
        let live = Live::start(command).await;
        eventually("the order is read", async || {
            (live.status().await["sources"][0]["messages"] == json!(1.0)).then_some(())
        })
        .await;
        let status = live.status().await;
        assert_eq!(status["command"], json!(args[0]));
        assert_eq!(status["sources"][0]["stream"], json!(orders.name()));
        eventually("it is ready", async || (live.get("/readyz").await.code == 200).then_some(())).await;
    }
}

#[tokio::test]
async fn two_workers_of_one_process_are_shown_as_one_pipeline() {
    let endpoint = Server::Local.shared();
    let (orders, copies) =
        (endpoint.create_stream("orders", 4).await, endpoint.create_stream("copies", 1).await);
    let relay = relay(orders.name(), copies.name(), &["--workers", "2"]).await;
    eventually("both read a part, and all of it is read", async || {
        let status = relay.status().await;
        let shards = status["sources"][0]["shards"].as_array().cloned().unwrap_or_default();
        let reading = shards.iter().filter(|shard| shard["state"] == json!("reading")).count();
        let workers = status["workers"].as_array().map_or(0, Vec::len);
        (status["sources"].as_array().map(Vec::len) == Some(1) && workers == 2 && reading == 4).then_some(())
    })
    .await;
    let told = [
        format!("headwater_source_shards{{stream=\"{}\",state=\"reading\"}} 4", orders.name()),
        format!("headwater_source_shards_without_owner{{stream=\"{}\"}} 0", orders.name()),
    ];
    eventually("the gauges tell of both", async || {
        let metrics = relay.get("/metrics").await.body;
        told.iter().all(|told| metrics.lines().any(|line| line == told)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_get_is_answered_and_nothing_is_to_be_stored() {
    let (orders, copies) = streams().await;
    let relay = relay(orders.name(), copies.name(), &[]).await;
    for path in ["/", "/status", "/metrics", "/healthz", "/readyz"] {
        let answer = relay.get(path).await;
        assert!(answer.head.contains("cache-control: no-store"), "{path}: {}", answer.head);
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(relay.ask(method, path).await.code, 405, "{method} {path}");
        }
    }
    assert_eq!(relay.get("/elsewhere").await.code, 404);
}

#[tokio::test]
async fn a_relay_that_was_asked_to_stop_is_not_ready_while_it_delivers_what_it_has() {
    let full = Faults::seeded(1).throttle_shard("copies", "shardId-000000000000");
    let local = LocalKinesis::builder().stream("orders", 1).stream("copies", 1).faults(full);
    let server = local.serve().await.unwrap();
    let put = server.client().put_record().stream_name("orders").partition_key("customer-7");
    put.data(b"an order"[..].into()).send().await.unwrap();
    let url = server.endpoint_url();
    let relay = [&["relay", "orders", "copies", "--endpoint-url", url.as_str()], &LISTEN[..]].concat();
    let relay = Live::start(Headwater::new(relay)).await;
    eventually("the order is on its way", async || {
        (relay.status().await["sinks"][0]["retried"].as_u64() > Some(0)).then_some(())
    })
    .await;
    relay.signal("TERM").await;
    eventually("it ends", async || (relay.get("/readyz").await.body == "ending\n").then_some(())).await;
    assert_eq!(relay.get("/readyz").await.code, 503);
    assert_eq!(relay.get("/healthz").await.code, 200);
    server.faults().clear();
    assert_eq!(relay.running().end().await.0.code(), Some(0));
    assert_eq!(server.record_count("copies").unwrap(), 1);
}

#[tokio::test]
async fn a_relay_that_cannot_look_at_its_stream_is_not_ready() {
    let (orders, copies) = streams().await;
    // Reading waits for its first answer from the store, which nobody gives.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("redis://{}", silent.local_addr().unwrap());
    let relay = relay(orders.name(), copies.name(), &["--app", "a", "--checkpoints", &store]).await;
    let readiness = relay.get("/readyz").await;
    assert_eq!(readiness.code, 503, "{}", readiness.body);
    assert!(readiness.body.starts_with("starting"), "{}", readiness.body);
    assert_eq!(relay.get("/healthz").await.code, 200);
}

#[tokio::test]
async fn an_address_that_is_taken_or_of_no_use_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = Headwater::new(["relay", "a", "b", "--listen", &address]).run().await.code(1);
    assert!(
        told.contains(&format!("--listen {address}: the address is in use; name another port")),
        "{told}"
    );
    let told = Headwater::new(["relay", "a", "b", "--listen", "192.0.2.1:80"]).run().await.code(1);
    assert!(told.contains("--listen 192.0.2.1:80: no address of this machine; 127.0.0.1"), "{told}");
    let told = Headwater::new(["relay", "a", "b", "--listen", "9090"]).run().await.code(2);
    assert!(told.contains("--listen") && told.contains("9090"), "{told}");
}

#[tokio::test]
async fn only_what_was_asked_for_is_bound() {
    let (orders, copies) = streams().await;
    let relay = relay(orders.name(), copies.name(), &[]).await;
    let port = relay.address().rsplit(':').next().unwrap();
    // All of 127.0.0.0/8 is this machine, and another address of it is as far away as another machine's.
    let refused = tokio::net::TcpStream::connect(format!("127.0.0.2:{port}")).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}
