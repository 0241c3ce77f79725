//! How it ends.

use std::process::Stdio;
use std::time::Duration;

use headwater::Message;
use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, TestStream, eventually};
use tokio::process::Command;
use tokio::time::timeout;

use super::all_of;
use crate::support::{Headwater, Live, Running, feed};

async fn filled(endpoint: &Endpoint) -> TestStream {
    let stream = endpoint.create_stream("filled", 1).await;
    let numbers = (0..1_000).map(|number| Message::new(format!("{number:0>200}")));
    feed(endpoint, &stream, codec::string(), numbers).await;
    stream
}

#[tokio::test]
async fn it_ends_after_as_many_messages_as_were_asked_for() {
    let endpoint = Server::Local.shared();
    let stream = filled(endpoint).await;
    for (flags, count) in [(["-n", "10"], 10), (["--count", "1"], 1), (["-n", "2000"], 1_000)] {
        assert_eq!(all_of(endpoint, &stream, &flags).await.ok().lines().count(), count, "{flags:?}");
    }
    let args = ["tail", stream.name(), "--from", "horizon", "-n", "7"];
    assert_eq!(Headwater::at(endpoint, args).run().await.ok().lines().count(), 7, "without another end");
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_it_quietly() {
    let endpoint = Server::Local.shared();
    let stream = filled(endpoint).await;
    let line = "\"$HEADWATER\" tail \"$STREAM\" --from horizon --endpoint-url \"$URL\"; echo $? >&2";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("({line}) | head -n 1")])
        .env("HEADWATER", env!("CARGO_BIN_EXE_headwater"))
        .env("STREAM", stream.name())
        .env("URL", endpoint.url())
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = timeout(Duration::from_mins(3), shell.output()).await.expect("it ends").unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stdout).lines().count(), 1);
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "0\n", "nothing but its exit code is told");
}

#[tokio::test]
async fn a_reader_that_goes_while_nothing_comes_ends_it_too() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("silent", 1).await;
    stream.put("k", "the only one").await;
    let tail = Running::start(Headwater::at(endpoint, ["tail", stream.name(), "--from", "horizon"]));
    assert_eq!(tail.printed(1).await, ["the only one"]);
    tail.close_stdout();
    let (status, told) = tail.end().await;
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_disk_that_is_full_is_told() {
    let endpoint = Server::Local.shared();
    let stream = filled(endpoint).await;
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_headwater"));
    tail.args(["tail", stream.name(), "--from", "horizon", "--until", "tip", "--endpoint-url"])
        .arg(endpoint.url())
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ended = tail.spawn().unwrap().wait_with_output();
    let ended = timeout(Duration::from_mins(3), ended).await.expect("it ends").unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("standard output") && told.contains("No space left"), "{told}");
}

#[tokio::test]
async fn a_request_to_end_is_no_interruption() {
    let endpoint = Server::Local.shared();
    let stream = filled(endpoint).await;
    for (signal, code) in [("TERM", 0), ("INT", 130)] {
        let tail = Running::start(Headwater::at(endpoint, ["tail", stream.name(), "--from", "horizon"]));
        assert_eq!(tail.printed(1_000).await.len(), 1_000);
        tail.signal(signal).await;
        assert_eq!(tail.end().await.0.code(), Some(code), "{signal}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_named() {
    let endpoint = Server::Local.shared();
    let told = Headwater::at(endpoint, ["tail", "nowhere"]).run().await.code(1);
    assert!(told.contains("nowhere") && told.contains("not found"), "{told}");
    let told = Headwater::at(endpoint, ["tail", "no where"]).run().await.code(2);
    assert!(told.contains("\"no where\""), "{told}");
}

#[tokio::test]
async fn what_it_reads_is_seen_while_it_runs() {
    let endpoint = Server::Local.shared();
    let stream = filled(endpoint).await;
    let args = ["tail", stream.name(), "--from", "horizon", "--listen", "127.0.0.1:0"];
    let tail = Live::start(Headwater::at(endpoint, args)).await;
    let read = format!("headwater_source_messages_total{{stream=\"{}\"}} 1000", stream.name());
    eventually("all of it is read", async || {
        tail.get("/metrics").await.body.lines().any(|line| line == read).then_some(())
    })
    .await;
    assert_eq!(tail.get("/readyz").await.code, 200);
    let status = tail.status().await;
    assert_eq!(
        (&status["command"], &status["sources"][0]["stream"]),
        (&"tail".into(), &stream.name().into())
    );
    let running = tail.running();
    running.signal("INT").await;
    assert_eq!(running.end().await.0.code(), Some(130));
}
