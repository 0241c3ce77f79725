//! What is wrong is named, with what would be right.

use headwater_tests::{Server, TestStream};

use super::{copy, records, texts};
use crate::support::Headwater;

#[tokio::test]
async fn flags_and_places_that_do_not_go_together_are_refused() {
    for (args, told) in [
        (&["orders", "copies"][..], &["streams", "relay"][..]),
        (&["a.ndjson", "./b"], &["files", "stream:"]),
        (&["orders", "-", "--create", "1"], &["--create", "a file into a stream"]),
        (&["orders", "-", "--max-in-flight", "1"], &["--max-in-flight", "a file into a stream"]),
        (&["orders", "-", "--unlimited"], &["--unlimited"]),
        (&["orders", "-", "--skip-bad"], &["--skip-bad"]),
        (&["-", "orders", "--from", "horizon"], &["--from", "a stream into a file"]),
        (&["-", "orders", "--until", "tip"], &["--until"]),
        (&["-", "orders", "--follow"], &["--follow"]),
        (&["-", "orders", "--shard", "x"], &["--shard"]),
        (&["-", "orders", "--whole"], &["--whole"]),
        (&["-", "orders", "--unpaced"], &["--unpaced"]),
        (&["orders", "-", "--follow", "--until", "tip"], &["--follow", "--until"]),
        (&["-", "orders", "--create", "none"], &["'none'", "on-demand"]),
        (&["-", "orders", "--max-in-flight", "0"], &["--max-in-flight"]),
        (&["orders", "-", "--from", "now"], &["'now'", "horizon"]),
    ] {
        let error = Headwater::new(["copy"].iter().chain(args)).run().await.code(2);
        assert!(told.iter().all(|told| error.contains(told)), "{args:?}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_copy_is_not_written_over() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("careful", 1).await;
    stream.put("k", "1").await;
    let file = directory.path().join("diary.txt");
    std::fs::write(&file, "dear diary").unwrap();
    let told = copy(endpoint, directory.path(), &[stream.name(), "diary.txt"]).run().await.code(1);
    assert!(told.contains("diary.txt is there") && told.contains("--restart"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), b"dear diary");
    copy(endpoint, directory.path(), &[stream.name(), "diary.txt", "--restart"]).run().await.ok();
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("{\"shard\""));

    let told = copy(endpoint, directory.path(), &[stream.name(), "/dev/null"]).run().await.code(2);
    assert!(told.contains("/dev/null is no regular file"), "{told}");

    std::fs::write(directory.path().join("diary.txt.progress"), "{").unwrap();
    let told = copy(endpoint, directory.path(), &[stream.name(), "diary.txt"]).run().await.code(1);
    assert!(told.contains("diary.txt.progress") && told.contains("--restart"), "{told}");
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_not_gone_on_with() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("short", 1).await;
    stream.put("k", "1").await;
    copy(endpoint, directory.path(), &[stream.name(), "./short"]).run().await.ok();
    std::fs::write(directory.path().join("short"), "").unwrap();
    let told = copy(endpoint, directory.path(), &[stream.name(), "./short"]).run().await.code(1);
    assert!(told.contains("./short has 0 bytes") && told.contains("--restart"), "{told}");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("there", 1).await;
    for (args, what) in [
        ([&*endpoint.unique("nowhere"), "./file"], "nowhere"),
        (["./file", stream.name()], "./file: No such file"),
        ([stream.name(), "./none/file"], "./none/file: No such file"),
    ] {
        let told = copy(endpoint, directory.path(), &args).run().await.code(1);
        assert!(told.contains(what), "{what}: {told}");
    }
    std::fs::write(directory.path().join("file"), "").unwrap();
    let told = copy(endpoint, directory.path(), &["./file", "nowhere"]).run().await.code(1);
    assert!(told.contains("nowhere") && told.contains("--create"), "{told}");
}

/// Copies lines of which the third is wrong: the first two arrive, and the rest once it was mended.
async fn a_wrong_line_stops_the_copy(stream: &TestStream, wrong: &str, why: &str) {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let file = directory.path().join("lines.ndjson");
    let good = |number: usize| format!("{{\"key\":\"k\",\"payload\":\"{number}\"}}");
    let (first, second, fourth) = (good(1), good(2), good(4));
    std::fs::write(&file, format!("{first}\n{second}\n{wrong}\n{fourth}\n")).unwrap();
    let args = ["lines.ndjson", stream.name()];
    for _ in 0..2 {
        let told = copy(endpoint, directory.path(), &args).run().await.code(1);
        for what in ["lines.ndjson line 3: ", why, "--skip-bad"] {
            assert!(told.contains(what), "{what}: {told}");
        }
        assert_eq!(texts(stream).await, ["1", "2"], "what was before it has arrived");
    }
    let done = copy(endpoint, directory.path(), &["lines.ndjson", stream.name(), "--skip-bad"]).run().await;
    let told = done.code(3);
    assert!(told.contains("line 3: ") && told.contains("skipped"), "{told}");
    let held: Vec<_> = records(stream).await.into_iter().map(|(_, data)| data).collect();
    assert_eq!(held, [b"1", b"2", b"4"], "none twice");
}

#[tokio::test]
async fn a_line_that_is_no_json_stops_the_copy() {
    let stream = Server::Local.shared().create_stream("wrong", 1).await;
    a_wrong_line_stops_the_copy(&stream, "{\"payload\":", "EOF").await;
}

#[tokio::test]
async fn a_line_without_a_payload_stops_the_copy() {
    let stream = Server::Local.shared().create_stream("wrong", 1).await;
    a_wrong_line_stops_the_copy(&stream, "{\"key\":\"k\"}", "\"base64\"").await;
}

#[tokio::test]
async fn a_line_whose_key_is_too_long_stops_the_copy() {
    let stream = Server::Local.shared().create_stream("wrong", 1).await;
    let line = format!("{{\"key\":\"{}\",\"payload\":\"3\"}}", "k".repeat(257));
    a_wrong_line_stops_the_copy(&stream, &line, "256").await;
}

#[tokio::test]
async fn a_line_whose_payload_is_too_large_stops_the_copy() {
    let stream = Server::Local.shared().create_stream("wrong", 1).await;
    let line = format!("{{\"key\":\"k\",\"payload\":\"{}\"}}", "x".repeat(1 << 20));
    a_wrong_line_stops_the_copy(&stream, &line, "1048577 bytes").await;
}
