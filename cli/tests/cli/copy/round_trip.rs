//! What a stream holds comes back as it was.

use aws_sdk_kinesis::primitives::DateTimeFormat;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater::{HashKey, Headers, Key, Message};
use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server};
use serde_json::json;

use super::{copy, lines, records};
use crate::support::{Headwater, feed, keyed};

/// Payloads and keys of all sorts, each key with each payload.
fn all_sorts() -> Vec<Message<Bytes>> {
    let payloads = [
        Bytes::from_static(b""),
        "text".into(),
        "é\u{2028}\u{0}\"\\\n\r\n".into(),
        Bytes::from_static(b"{\"a\":\n1.10}"),
        Bytes::from_static(b"\xff\x00\x80"),
        (0..=255).cycle().take(50_000).collect::<Vec<u8>>().into(),
    ];
    let keys = ["k", " ", &"é".repeat(256), "a\nb\"{}"].map(str::to_owned);
    keys.iter().flat_map(|key| payloads.iter().map(|payload| keyed(payload.clone(), key.clone()))).collect()
}

async fn all_sorts_of_messages_come_back(endpoint: &Endpoint) {
    let directory = tempfile::tempdir().unwrap();
    let stream = endpoint.create_stream("original", 3).await;
    let copied = endpoint.unique("copied");
    feed(endpoint, &stream, codec::bytes(), all_sorts()).await;
    copy(endpoint, directory.path(), &[stream.name(), "all.ndjson"]).run().await.ok();
    copy(endpoint, directory.path(), &["all.ndjson", &copied, "--create", "2"]).run().await.ok();

    let second = directory.path().join("second");
    copy(endpoint, directory.path(), &[&copied, "./second", "--unpaced"]).run().await.ok();
    let held = |file: &std::path::Path| {
        let mut held: Vec<_> = lines(file)
            .iter()
            .map(|line| (line["key"].to_string(), line["payload"].to_string(), line["base64"].to_string()))
            .collect();
        held.sort();
        held
    };
    let first = held(&directory.path().join("all.ndjson"));
    assert_eq!(first.len(), all_sorts().len());
    assert!(first == held(&second), "the copy of the copy is the copy");

    // What the lines say is what the stream says, in the order of each shard.
    let lines = lines(&directory.path().join("all.ndjson"));
    for shard in stream.shards().await {
        let lines = lines.iter().filter(|line| line["shard"] == *shard.shard_id);
        for (line, record) in lines.zip(stream.read_all(&shard.shard_id).await) {
            assert_eq!(line["sequence"], record.sequence_number);
            assert_eq!(line["key"], json!(record.partition_key));
            assert_eq!(line["sub_sequence"], json!(null));
            let arrival =
                record.approximate_arrival_timestamp.unwrap().fmt(DateTimeFormat::DateTime).unwrap();
            let (second, _) = line["arrival"].as_str().unwrap().split_once('.').unwrap();
            assert!(arrival.starts_with(second), "{arrival} {line}");
            let data = record.data.into_inner();
            match std::str::from_utf8(&data) {
                Ok(text) => assert_eq!(line["payload"], text),
                Err(_) => assert_eq!(line["base64"], STANDARD.encode(&data)),
            }
        }
    }
}

#[tokio::test]
async fn all_sorts_of_messages_come_back_on_our_server() {
    all_sorts_of_messages_come_back(Server::Local.shared()).await;
}

#[tokio::test]
async fn all_sorts_of_messages_come_back_on_kinesalite() {
    all_sorts_of_messages_come_back(Server::Kinesalite.shared()).await;
}

#[tokio::test]
async fn all_sorts_of_messages_come_back_on_kinesis_local() {
    all_sorts_of_messages_come_back(Server::KinesisLocal.shared()).await;
}

#[tokio::test]
async fn an_aggregate_is_copied_by_its_user_records_or_whole() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("aggregates", 1).await;
    let hashed = Key::from("b").hashed(HashKey::new(7));
    let mut headers = Headers::new();
    headers.insert("tenant", "north").unwrap();
    let first = Message::keyed("1".to_owned(), "a").rehead(headers);
    let messages = [first, Message::keyed("two".to_owned(), hashed)];
    feed(endpoint, &stream, codec::kpl_string(), messages).await;

    copy(endpoint, directory.path(), &[stream.name(), "./users"]).run().await.ok();
    let users = lines(&directory.path().join("users"));
    let what = users.iter().map(|line| {
        let hash_key = line.get("hash_key").cloned();
        (line["sub_sequence"].clone(), line["key"].clone(), hash_key, line["payload"].clone())
    });
    let wanted =
        [(json!(0), json!("a"), None, json!("1")), (json!(1), json!("b"), Some(json!("7")), json!("two"))];
    assert_eq!(what.collect::<Vec<_>>(), wanted);
    assert_eq!((&users[0]["headers"], users[1].get("headers")), (&json!({"tenant": "north"}), None));

    copy(endpoint, directory.path(), &[stream.name(), "./whole", "--whole"]).run().await.ok();
    let container = &records(&stream).await[0].1;
    let whole = lines(&directory.path().join("whole"));
    assert_eq!((whole.len(), &whole[0]["base64"]), (1, &json!(STANDARD.encode(container))));

    let again = endpoint.create_stream("again", 1).await;
    copy(endpoint, directory.path(), &["./whole", again.name()]).run().await.ok();
    assert_eq!(&records(&again).await[0].1, container, "a container is copied as it is");

    let told = copy(endpoint, directory.path(), &[stream.name(), "./whole"]).run().await.code(2);
    assert!(told.contains("--whole") && told.contains("--restart"), "{told}");
}

#[tokio::test]
async fn pipes_are_copied_from_and_to() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let (stream, copied) = (endpoint.create_stream("piped", 2).await, endpoint.create_stream("out", 2).await);
    feed(endpoint, &stream, codec::bytes(), all_sorts()).await;
    let printed = copy(endpoint, directory.path(), &[stream.name(), "-"]).run().await.ok();
    assert_eq!(printed.lines().count(), all_sorts().len());
    let flags = ["-", copied.name(), "--max-in-flight", "2", "--unlimited"];
    copy(endpoint, directory.path(), &flags).input(printed.clone()).run().await.ok();
    assert!(records(&copied).await == records(&stream).await, "{printed}");
    let named = endpoint.create_stream("named", 1).await;
    copy(endpoint, directory.path(), &["/dev/stdin", named.name()]).input(printed.clone()).run().await.ok();
    assert!(records(&named).await == records(&stream).await, "a pipe may have a name");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "a pipe has no place to go on at");
}

#[tokio::test]
async fn a_part_of_a_stream_is_copied() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = endpoint.create_stream("parts", 2).await;
    let mut first = None;
    for number in 0..20 {
        let (shard, sequence) = stream.put(&format!("key-{number}"), number.to_string()).await;
        first.get_or_insert((shard, sequence));
    }
    let (shard, sequence) = first.unwrap();
    let held = stream.read_all(&shard).await.len();
    let count = async |flags: &[&str]| {
        let args = [&[stream.name(), "-"], flags].concat();
        copy(endpoint, directory.path(), &args).run().await.ok().lines().count()
    };
    assert_eq!(count(&["--shard", &shard]).await, held);
    assert_eq!(count(&["--shard", &shard, "--from", &sequence]).await, held);
    assert_eq!(count(&["--from", "-1h", "--until", "tip"]).await, 20);
    assert_eq!(count(&["--from", "-2h", "--until", "-1h"]).await, 0);
    assert_eq!(count(&["--from", "latest"]).await, 0);
    let args = ["copy", stream.name(), "-", "--shard", "shard-7"];
    let told = Headwater::at(endpoint, args).run().await.code(2);
    assert!(told.contains("--shard \"shard-7\"") && told.contains(&shard), "{told}");
}
