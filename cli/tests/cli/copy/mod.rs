//! `headwater copy`.

mod refusing;
mod resuming;
mod round_trip;
mod stopping;

use std::path::Path;

use bytes::Bytes;
use headwater::Message;
use headwater_tests::{Endpoint, TestStream};
use serde_json::Value;

use crate::support::Headwater;

/// `headwater copy FROM TO` with more flags, in a directory.
fn copy(endpoint: &Endpoint, directory: &Path, args: &[&str]) -> Headwater {
    Headwater::at(endpoint, ["copy"].iter().chain(args)).in_directory(directory)
}

/// The lines of a file, each a JSON value: a line that is cut off is none.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// The payloads of a file, sorted.
fn payloads(file: &Path) -> Vec<String> {
    let mut payloads: Vec<_> =
        lines(file).iter().map(|line| line["payload"].as_str().unwrap().to_owned()).collect();
    payloads.sort();
    payloads
}

/// The key and the data of every record of a stream, sorted.
async fn records(stream: &TestStream) -> Vec<(String, Vec<u8>)> {
    let mut records = Vec::new();
    for shard in stream.shards().await {
        let read = stream.read_all(&shard.shard_id).await;
        records.extend(
            read.into_iter()
                .map(|record| (record.partition_key.unwrap_or_default(), record.data.into_inner())),
        );
    }
    records.sort();
    records
}

/// The data of every record of a stream, sorted, each once.
async fn texts(stream: &TestStream) -> Vec<String> {
    let mut texts: Vec<_> =
        records(stream).await.into_iter().map(|(_, data)| String::from_utf8(data).unwrap()).collect();
    texts.dedup();
    texts.sort();
    texts.dedup();
    texts
}

/// So many numbers, each with a key of its own and a tail that makes it long.
fn numbered(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Message<Bytes>> {
    numbers.map(|number| Message::keyed(text(number).into(), format!("key-{number}")))
}

fn text(number: usize) -> String {
    format!("{number:0>8} {}", "x".repeat(1_000))
}

/// All of them, sorted.
fn all(count: usize) -> Vec<String> {
    (0..count).map(text).collect()
}

/// Writes a file of so many lines, without keys.
fn write_lines(file: &Path, count: usize) {
    let lines: Vec<_> =
        all(count).iter().map(|text| serde_json::json!({ "payload": text }).to_string()).collect();
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
}
