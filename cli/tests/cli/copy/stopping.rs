//! Who wants it to stop.

use headwater_kinesis::codec;
use headwater_tests::{Server, eventually};

use super::{all, copy, numbered, payloads, records, texts, write_lines};
use crate::support::{Live, Running, feed};

#[tokio::test]
async fn a_copy_into_a_file_that_is_interrupted_keeps_what_it_read() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("interrupted", 2).await;
    let file = directory.path().join("file.ndjson");
    let args = [stream.name(), "file.ndjson", "--follow"];
    for (round, (signal, code)) in [("INT", 130), ("TERM", 0)].into_iter().enumerate() {
        let running = Running::start(copy(endpoint, directory.path(), &args));
        feed(endpoint, &stream, codec::bytes(), numbered(round * 50..(round + 1) * 50)).await;
        eventually("all of it was read", async || {
            let held = std::fs::read_to_string(&file).ok()?;
            (held.ends_with('\n') && held.lines().count() == (round + 1) * 50).then_some(())
        })
        .await;
        let told = copy(endpoint, directory.path(), &args[..2]).run().await.code(1);
        assert!(told.contains("in use"), "{told}");
        let told = copy(endpoint, directory.path(), &["file.ndjson", stream.name()]).run().await.code(1);
        assert!(told.contains("being written"), "{told}");
        running.signal(signal).await;
        assert_eq!(running.end().await.0.code(), Some(code));
        assert!(payloads(&file) == all((round + 1) * 50));
    }
}

#[tokio::test]
async fn a_copy_into_a_stream_that_is_interrupted_sends_what_it_read() {
    const COUNT: usize = 5_000;
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("interrupted", 1).await;
    write_lines(&directory.path().join("file"), COUNT);
    // A shard takes a thousand a second.
    let running = Running::start(copy(endpoint, directory.path(), &["./file", stream.name()]));
    eventually("some have arrived", async || (!records(&stream).await.is_empty()).then_some(())).await;
    running.signal("INT").await;
    assert_eq!(running.end().await.0.code(), Some(130));
    copy(endpoint, directory.path(), &["./file", stream.name(), "--unlimited"]).run().await.ok();
    assert!(texts(&stream).await == all(COUNT), "none is lost");
    assert_eq!(records(&stream).await.len(), COUNT, "and none repeats");
}

#[tokio::test]
async fn a_reader_that_goes_ends_it_quietly() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("read", 1).await;
    stream.put("k", "1").await;
    let running = Running::start(copy(endpoint, directory.path(), &[stream.name(), "-", "--follow"]));
    running.printed(1).await;
    running.close_stdout();
    let (status, told) = running.end().await;
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_copy_is_seen_while_it_runs() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("seen", 1).await;
    write_lines(&directory.path().join("file"), 10_000);
    // A shard takes a thousand a second.
    let args = ["./file", stream.name(), "--listen", "127.0.0.1:0"];
    let into_stream = Live::start(copy(endpoint, directory.path(), &args)).await;
    eventually("some lines are stored", async || {
        let sink = &into_stream.status().await["sinks"][0];
        (sink["stream"] == stream.name() && sink["stored"].as_u64()? > 0).then_some(())
    })
    .await;
    let args = [stream.name(), "./copied", "--follow", "--listen", "127.0.0.1:0"];
    let into_file = Live::start(copy(endpoint, directory.path(), &args)).await;
    let read = format!("headwater_source_messages_total{{stream=\"{}\"}} ", stream.name());
    eventually("some messages are read", async || {
        let metrics = into_file.get("/metrics").await.body;
        metrics.lines().find_map(|line| line.strip_prefix(&read)?.parse().ok()).filter(|read: &u64| *read > 0)
    })
    .await;
    assert_eq!(into_file.status().await["command"], "copy");
}

#[tokio::test]
async fn a_copy_into_a_stream_that_is_gone_can_be_interrupted() {
    let (endpoint, directory) = (Server::Local.start(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("gone", 1).await;
    write_lines(&directory.path().join("file"), 5_000);
    let running = Running::start(copy(&endpoint, directory.path(), &["./file", stream.name()]));
    eventually("some have arrived", async || (!records(&stream).await.is_empty()).then_some(())).await;
    drop(endpoint);
    running.signal("INT").await;
    assert_eq!(running.end().await.0.code(), Some(130));
}
