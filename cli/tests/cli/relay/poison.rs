//! Messages that cannot be relayed.

use std::time::Duration;

use headwater_kinesis::codec;
use headwater_tests::{Server, eventually};
use serde_json::{Value, json};

use crate::relay::streams::{Streams, read};
use crate::support::{Done, Headwater, RunningLocal};

/// Relays a good message, one that is no JSON, and one that jq fails on.
async fn relay(streams: &Streams, arguments: &[&str]) -> Done {
    let payloads = ["{\"n\":1}", "no json", "[7]"];
    streams.fill(codec::string(), payloads.map(str::to_owned)).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    let jq = ["--codec", "json", "--jq", ".n"];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq).chain(arguments)).run().await
}

async fn payloads(streams: &Streams) -> Vec<String> {
    let written = streams.written(codec::string()).await;
    written.into_iter().map(|(_, payload)| payload).collect()
}

/// Checks the letters of both bad messages, in any order.
fn check(mut letters: Vec<Value>, streams: &Streams) {
    letters.sort_by_key(|letter| letter["payload"].to_string());
    let [jq, decode] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((&decode["payload"], &decode["key"]), (&json!("no json"), &json!("key of no json")));
    let reason = decode["error"].as_str().unwrap();
    assert!(reason.starts_with("it cannot be decoded as json: expected"), "{reason}");
    assert_eq!(jq["payload"], "[7]");
    let reason = jq["error"].as_str().unwrap();
    assert!(reason.starts_with("jq .n: cannot index"), "{reason}");
    for letter in &letters {
        assert_eq!(letter["stream"], streams.from.name());
        assert!(letter["shard"].as_str().unwrap().starts_with("shardId-"));
        assert!(letter["sequence"].as_str().unwrap().len() > 20);
        assert!(letter["arrival"].as_str().unwrap().ends_with('Z'));
    }
}

#[tokio::test]
async fn poison_ends_the_relay_unless_it_is_told_otherwise() {
    for more in [&[][..], &["--on-error", "fail"]] {
        let streams = Streams::new(Server::Local.shared(), 1).await;
        let told = relay(&streams, more).await.code(1);
        assert!(told.contains("decode") && told.contains(streams.from.name()), "{told}");
        assert!(told.contains("shardId-"), "it names the place: {told}");
    }
}

#[tokio::test]
async fn poison_is_skipped_and_counted() {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    let told = relay(&streams, &["--on-error", "skip"]).await.code(3);
    assert!(told.contains("2 messages skipped"), "{told}");
    assert_eq!(payloads(&streams).await, ["1"]);
}

#[tokio::test]
async fn poison_goes_to_a_file_with_its_reason() {
    for server in [Server::Local, Server::KinesisLocal] {
        let streams = Streams::new(server.shared(), 2).await;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("bad.ndjson");
        let told = relay(&streams, &["--dead-letter", file.to_str().unwrap()]).await.code(3);
        assert!(told.contains("2 messages went to the dead letters"), "{told}");
        assert_eq!(payloads(&streams).await, ["1"]);
        let lines = std::fs::read_to_string(&file).unwrap();
        check(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), &streams);
    }
}

#[tokio::test]
async fn dead_letters_are_copied_back_once_they_are_mended() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.ndjson");
    let file = file.to_str().unwrap();
    streams.from.put("text", "no json").await;
    streams.from.put("bytes", b"\xff").await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--codec", "json"];
    Headwater::at(streams.endpoint, relay.iter().chain(&["--dead-letter", file])).run().await.code(3);
    let back = streams.endpoint.create_stream("back", 1).await;
    Headwater::at(streams.endpoint, ["copy", file, back.name()]).run().await.ok();
    let mut copied = read(streams.endpoint, back.name(), codec::bytes()).await;
    copied.sort();
    let expected = [("bytes", &b"\xff"[..]), ("text", b"no json")];
    assert!(copied.iter().map(|(key, payload)| (key.as_str(), &payload[..])).eq(expected), "{copied:?}");
}

#[tokio::test]
async fn poison_goes_to_a_stream_with_its_reason() {
    for server in [Server::Local, Server::Kinesalite] {
        let streams = Streams::new(server.shared(), 2).await;
        let letters = streams.endpoint.create_stream("letters", 1).await;
        let wanted = ["--on-error", "dead-letter", "--dead-letter", letters.name()];
        relay(&streams, &wanted).await.code(3);
        let written = read(streams.endpoint, letters.name(), codec::string()).await;
        let letters = written.iter().map(|(_, json)| serde_json::from_str(json).unwrap());
        check(letters.collect(), &streams);
    }
}

#[tokio::test]
async fn what_the_target_refuses_goes_to_the_dead_letters() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill(codec::string(), ["\"x\"".to_owned(), "\"y\"".to_owned()]).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("large.ndjson");
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--codec", "json"];
    let jq = ["--jq", "if . == \"x\" then . * 1100000 else . end", "--dead-letter", file.to_str().unwrap()];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.code(3);
    assert_eq!(payloads(&streams).await, ["\"y\""]);
    let letter: Value = serde_json::from_str(std::fs::read_to_string(&file).unwrap().trim()).unwrap();
    assert_eq!(letter["payload"].as_str().unwrap().len(), 1_100_002);
    assert!(letter["error"].as_str().unwrap().contains("1048576"), "{}", letter["error"]);
}

#[tokio::test]
async fn a_letter_that_the_stream_of_letters_refuses_ends_the_relay() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    let letters = streams.endpoint.create_stream("letters", 1).await;
    streams.fill(codec::string(), ["\"x\"".to_owned()]).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--codec", "json"];
    let jq = ["--jq", ". * 1100000", "--dead-letter", letters.name()];
    let told = Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.code(1);
    assert!(told.contains("error: write --dead-letter: ") && told.contains("1048576"), "{told}");
}

#[tokio::test]
async fn a_target_that_is_gone_makes_no_dead_letters() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("letters.ndjson");
    let relay = ["relay", streams.from.name(), streams.to.name(), "--dead-letter", file.to_str().unwrap()];
    let child = Headwater::at(streams.endpoint, relay).spawn();
    streams.fill_with_seq(10).await;
    eventually("it relays", async || (streams.numbers().await.len() == 10).then_some(())).await;
    let gone = streams.to.name().to_owned();
    let Streams { from, to, .. } = streams;
    to.delete().await;
    from.put("key", "11").await;
    // Half the time for which a source waits for acks that will not come.
    let output = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output()).await;
    let output = output.expect("it does not wait for what is lost").unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.lines().last().unwrap().contains(&gone), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
}

#[tokio::test]
async fn a_full_disk_ends_the_relay_before_the_message_is_done() {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("checkpoints.db").display());
    let kept = ["--app", "copier", "--checkpoints", &store];
    let full = kept.iter().chain(&["--dead-letter", "/dev/full"]).copied().collect::<Vec<_>>();
    let told = relay(&streams, &full).await.code(1);
    assert!(told.contains("--dead-letter /dev/full: No space left on device"), "{told}");

    // With room, what could not be kept comes again.
    let file = directory.path().join("bad.ndjson");
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    let jq = ["--codec", "json", "--jq", ".n", "--dead-letter", file.to_str().unwrap()];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq).chain(&kept)).run().await.code(3);
    let lines = std::fs::read_to_string(&file).unwrap();
    check(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), &streams);
}

#[tokio::test]
async fn a_message_that_is_too_deep_for_jq_goes_to_the_dead_letters_too() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    let deep = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    streams.fill(codec::string(), [deep, "\"after\"".to_owned()]).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("deep.ndjson");
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--codec", "json"];
    let jq = ["--jq", ".", "--dead-letter", file.to_str().unwrap()];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.code(3);
    assert_eq!(payloads(&streams).await, ["\"after\""]);
    let letter: Value = serde_json::from_str(std::fs::read_to_string(&file).unwrap().trim()).unwrap();
    assert!(letter["error"].as_str().unwrap().contains("400000 levels deep"), "{}", letter["error"]);
}

#[tokio::test]
async fn an_outage_of_the_target_makes_no_dead_letters() {
    let faults = ["--stream", "from:1", "--stream", "to:1", "--faults", "throttle=to/shardId-000000000000"];
    let local = ["local", "--port", "0"].iter().chain(&faults);
    let local = RunningLocal::start(Headwater::new(local)).await;
    let at = ["--endpoint-url", local.url()];
    Headwater::new(["put", "from", "an order"].iter().chain(&at)).run().await.ok();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("letters.ndjson");
    let relay = ["relay", "from", "to", "--until", "tip", "--outage-limit", "3s"];
    let relay = Headwater::new(relay.iter().chain(&at)).args(["--dead-letter", file.to_str().unwrap()]);
    let told = relay.run().await.code(1);
    assert!(told.contains("Rate exceeded for shard shardId-000000000000 in stream to"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "", "it comes again");
}

#[tokio::test]
async fn a_value_that_the_records_of_the_target_cannot_hold_is_skipped_where_that_is_wanted() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    streams.fill(codec::string(), ["{\n}".to_owned(), "7".to_owned()]).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    let codecs = ["--codec-in", "json", "--codec-out", "json-lines", "--on-error", "skip"];
    let told = Headwater::at(streams.endpoint, relay.iter().chain(&codecs)).run().await.code(3);
    assert!(told.contains("a line cannot hold a newline"), "{told}");
    assert_eq!(payloads(&streams).await, ["7\n"]);
}
