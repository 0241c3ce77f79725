//! What stopped is gone on with.

use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, eventually};
use tokio::process::Command;

use super::{all, copy, lines, numbered, payloads, records, text, texts, write_lines};
use crate::support::{Headwater, Running, feed};

#[tokio::test]
async fn a_later_run_adds_what_came_since() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("growing", 2).await;
    let file = directory.path().join("growing.ndjson");
    for count in [0, 100, 300] {
        let had = if count == 300 { 100 } else { 0 };
        feed(endpoint, &stream, codec::bytes(), numbered(had..count)).await;
        // The second run of two finds nothing new.
        for _ in 0..2 {
            copy(endpoint, directory.path(), &[stream.name(), "growing.ndjson"]).run().await.ok();
            assert!(payloads(&file) == all(count), "each of {count} is there once");
        }
    }
    copy(endpoint, directory.path(), &[stream.name(), "growing.ndjson", "--restart"]).run().await.ok();
    assert!(payloads(&file) == all(300), "it was written over");
}

#[tokio::test]
async fn a_copy_goes_on_in_the_children_of_its_shard() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("split", 1).await;
    let (shard, first) = stream.put("before", "before").await;
    let (_, second) = stream.put("first", text(0)).await;
    assert_ne!(first, second);
    feed(endpoint, &stream, codec::bytes(), numbered(1..50)).await;
    let args = [stream.name(), "split.ndjson", "--from", &second];
    copy(endpoint, directory.path(), &args).run().await.ok();
    let split = stream.client().split_shard().stream_name(stream.name()).shard_to_split(&shard);
    split.new_starting_hash_key((u128::MAX / 2).to_string()).send().await.unwrap();
    stream.active().await;
    feed(endpoint, &stream, codec::bytes(), numbered(50..100)).await;
    copy(endpoint, directory.path(), &args).run().await.ok();
    let file = directory.path().join("split.ndjson");
    assert!(payloads(&file) == all(100), "each is there once");
    assert!(lines(&file).iter().any(|line| line["shard"] != *shard), "its children hold some");
}

/// A copy into a file is killed again and again while messages come, and its last line is torn each time.
async fn a_copy_into_a_file_that_was_killed_goes_on(endpoint: &Endpoint) {
    const ROUNDS: usize = 3;
    const ROUND: usize = 300;
    let directory = tempfile::tempdir().unwrap();
    let stream = endpoint.create_stream("killed", 2).await;
    let file = directory.path().join("killed.ndjson");
    for round in 0..ROUNDS {
        let args = [stream.name(), "killed.ndjson", "--follow"];
        let running = Running::start(copy(endpoint, directory.path(), &args));
        let begun = std::fs::metadata(&file).map_or(0, |file| file.len());
        feed(endpoint, &stream, codec::bytes(), numbered(round * ROUND..(round + 1) * ROUND)).await;
        eventually("it writes", async || {
            (std::fs::metadata(&file).map_or(0, |file| file.len()) > begun + 1_000).then_some(())
        })
        .await;
        running.signal("KILL").await;
        assert_eq!(running.end().await.0.code(), None, "a signal ended it");
        let torn = [std::fs::read(&file).unwrap(), b"{\"shard\":\"shar".to_vec()].concat();
        std::fs::write(&file, torn).unwrap();
    }
    copy(endpoint, directory.path(), &[stream.name(), "killed.ndjson"]).run().await.ok();
    assert!(payloads(&file) == all(ROUNDS * ROUND), "each is there once: {}", lines(&file).len());
}

#[tokio::test]
async fn a_copy_into_a_file_that_was_killed_goes_on_with_our_server() {
    a_copy_into_a_file_that_was_killed_goes_on(Server::Local.shared()).await;
}

#[tokio::test]
async fn a_copy_into_a_file_that_was_killed_goes_on_with_kinesalite() {
    a_copy_into_a_file_that_was_killed_goes_on(Server::Kinesalite.shared()).await;
}

/// A copy into a stream is killed once it has stored where it is.
async fn a_copy_into_a_stream_that_was_killed_goes_on(endpoint: &Endpoint) {
    const COUNT: usize = 5_000;
    let directory = tempfile::tempdir().unwrap();
    let stream = endpoint.create_stream("killed", 1).await;
    let file = directory.path().join("killed.ndjson");
    write_lines(&file, COUNT);
    let progress = directory.path().join(format!("killed.ndjson.{}.progress", stream.name()));
    // A shard takes a thousand a second.
    let running = Running::start(copy(endpoint, directory.path(), &["killed.ndjson", stream.name()]));
    eventually("it stores where it is", async || {
        let stored = std::fs::read(&progress).ok()?;
        let stored: serde_json::Value = serde_json::from_slice(&stored).expect("it is whole at any time");
        (stored["lines"].as_u64()? > 0).then_some(())
    })
    .await;
    running.signal("KILL").await;
    assert_eq!(running.end().await.0.code(), None, "a signal ended it before it was done");
    let before = texts(&stream).await.len();
    assert!(before < COUNT, "it was in the midst of it");
    copy(endpoint, directory.path(), &["killed.ndjson", stream.name(), "--unlimited"]).run().await.ok();
    assert!(texts(&stream).await == all(COUNT), "none is lost");
    let repeats = records(&stream).await.len() - COUNT;
    assert!(repeats < before, "{repeats} of {before} again: it began anew");
}

#[tokio::test]
async fn a_copy_into_a_stream_that_was_killed_goes_on_with_our_server() {
    a_copy_into_a_stream_that_was_killed_goes_on(Server::Local.shared()).await;
}

#[tokio::test]
async fn a_copy_into_a_stream_that_was_killed_goes_on_with_kinesalite() {
    a_copy_into_a_stream_that_was_killed_goes_on(Server::Kinesalite.shared()).await;
}

#[tokio::test]
async fn a_file_is_copied_once_and_what_is_added_to_it_later() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let (stream, other) = (endpoint.create_stream("once", 1).await, endpoint.create_stream("other", 1).await);
    let file = directory.path().join("lines.ndjson");
    let to = async |stream: &str, flags: &[&str]| {
        copy(endpoint, directory.path(), &[&["lines.ndjson", stream], flags].concat()).run().await
    };
    std::fs::write(&file, "{\"payload\":\"1\"}\n\n{\"payload\":\"2\"}\n").unwrap();
    to(stream.name(), &[]).await.ok();
    let told = to(stream.name(), &[]).await;
    assert!(told.stderr.contains("copied before") && told.stderr.contains("--restart"), "{}", told.stderr);
    told.ok();
    assert_eq!(records(&stream).await.len(), 2);

    std::fs::write(&file, "{\"payload\":\"1\"}\n\n{\"payload\":\"2\"}\n{\"payload\":\"3\"}").unwrap();
    to(stream.name(), &[]).await.ok();
    assert_eq!(records(&stream).await.len(), 3, "the last line lacks its end");
    std::fs::write(&file, "{\"payload\":\"1\"}\n\n{\"payload\":\"2\"}\n{\"payload\":\"3\"}\n").unwrap();
    to(stream.name(), &[]).await.ok();
    assert_eq!(records(&stream).await.len(), 3, "and was given it later");
    to(other.name(), &[]).await.ok();
    assert_eq!(records(&other).await.len(), 3, "each stream has a place of its own");
    to(stream.name(), &["--restart"]).await.ok();
    assert_eq!(records(&stream).await.len(), 6);

    // Another file in its place, with the end of a line where the copy was.
    std::fs::write(&file, "{\"payload\":\"7\"}\n\n{\"payload\":\"8\"}\n{\"payload\":\"9\"}\n").unwrap();
    let told = to(other.name(), &[]).await.code(1);
    assert!(told.contains("not the file") && told.contains("--restart"), "{told}");
    assert_eq!(records(&other).await.len(), 3);

    std::fs::write(&file, "{\"payload\":\"1\"}\n").unwrap();
    let told = to(stream.name(), &[]).await.code(1);
    assert!(told.contains("not the file") && told.contains("--restart"), "{told}");
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_and_the_copy_goes_on_once_there_is_room() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("large", 1).await;
    let file = directory.path().join("large.ndjson");
    feed(endpoint, &stream, codec::bytes(), numbered(0..100)).await;
    copy(endpoint, directory.path(), &[stream.name(), "large.ndjson"]).run().await.ok();
    feed(endpoint, &stream, codec::bytes(), numbered(100..1_000)).await;
    // No file may have more than 200 KB, which is told as an error of the write and not by a signal.
    let shell = "trap '' XFSZ; ulimit -f 400; exec \"$@\"";
    let mut full = Command::new("sh");
    full.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_headwater"), "copy", stream.name(), "large.ndjson"])
        .args(["--endpoint-url", endpoint.url()])
        .env("HOME", "/nonexistent")
        .current_dir(directory.path());
    for _ in 0..2 {
        let ended = full.output().await.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{told}");
        let whole = payloads(&file);
        // What was there before, and as much more as was synced before there was no room.
        assert!((100..1_000).contains(&whole.len()) && whole == all(whole.len()), "{told}");
        let count = format!("whole with {} messages", whole.len());
        for what in ["large.ndjson: File too large", &count, "the same command"] {
            assert!(told.contains(what), "{what}: {told}");
        }
    }
    copy(endpoint, directory.path(), &[stream.name(), "large.ndjson"]).run().await.ok();
    assert!(payloads(&file) == all(1_000), "each is there once");
}

#[tokio::test]
async fn a_full_pipe_is_told() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("full", 1).await;
    stream.put("k", "1").await;
    let shell = "exec \"$@\" > /dev/full";
    let headwater = ["copy", stream.name(), "-", "--endpoint-url", endpoint.url()];
    let mut full = Command::new("sh");
    full.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_headwater")])
        .args(headwater)
        .env("HOME", "/nonexistent");
    let ended = full.output().await.unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left"), "{told}");
}

#[tokio::test]
async fn a_stream_that_was_made_anew_is_another() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let first = endpoint.create_stream("again", 1).await;
    let name = first.name().to_owned();
    first.put("k", "1").await;
    copy(endpoint, directory.path(), &[&name, "./again"]).run().await.ok();
    copy(endpoint, directory.path(), &["./again", &name]).run().await.ok();
    let client = endpoint.client();
    first.delete().await;
    eventually("it is gone and made anew", async || {
        client.create_stream().stream_name(&name).shard_count(1).send().await.ok().map(drop)
    })
    .await;
    eventually("it is active", async || {
        Headwater::at(endpoint, ["tail", &name, "--until", "tip"]).run().await.status.success().then_some(())
    })
    .await;
    for way in [["./again", &name], [&name, "./again"]] {
        let told = copy(endpoint, directory.path(), &way).run().await.code(1);
        assert!(told.contains("another stream of that name") && told.contains("--restart"), "{told}");
        copy(endpoint, directory.path(), &[&way[..], &["--restart"]].concat()).run().await.ok();
    }
    assert_eq!(payloads(&directory.path().join("again")), ["1"]);
}
