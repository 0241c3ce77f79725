//! Records that are compressed.

use bytes::Bytes;
use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, TestStream};

use crate::support::Headwater;

const FORMATS: [(&str, &[u8]); 3] =
    [("zstd", b"\x28\xb5\x2f\xfd"), ("lz4", b"\x04\x22\x4d\x18"), ("gzip", b"\x1f\x8b\x08")];
const LINE: &str = r#"{"state":"sent and paid, sent and paid, sent and paid, sent and paid"}"#;

async fn put(endpoint: &Endpoint, stream: &TestStream, flags: &[&str]) {
    let put = ["put", stream.name(), "--key", "k"];
    Headwater::at(endpoint, put.iter().chain(flags)).input(format!("{LINE}\n").repeat(50)).run().await.ok();
}

async fn tail(endpoint: &Endpoint, stream: &str, flags: &[&str]) -> String {
    let tail = ["tail", stream, "--from", "horizon", "--until", "tip"];
    Headwater::at(endpoint, tail.iter().chain(flags)).run().await.ok()
}

/// The records of a stream of one shard.
async fn records(stream: &TestStream) -> Vec<Vec<u8>> {
    let shard = stream.shards().await.remove(0).shard_id;
    stream.read_all(&shard).await.into_iter().map(|record| record.data.into_inner()).collect()
}

#[tokio::test]
async fn what_is_put_compressed_is_read_by_its_codec_and_by_none() {
    let endpoint = Server::Local.shared();
    for codec in ["string", "json", "json-lines", "json-list", "msgpack", "kpl-json", "kpl-string"] {
        for (format, magic) in FORMATS {
            let stream = endpoint.create_stream("compressed", 1).await;
            put(endpoint, &stream, &["--codec", codec, "--compress", format]).await;
            let records = records(&stream).await;
            assert!(records.iter().all(|record| record.starts_with(magic)), "{codec} in {format}");
            // Nothing tells a list of messages from one message that is a list.
            let readings = if codec == "json-list" { &[codec][..] } else { &[codec, "auto"] };
            for reading in readings {
                let read = tail(endpoint, stream.name(), &["--codec", reading]).await;
                assert_eq!(read, format!("{LINE}\n").repeat(50), "{codec} in {format}, read as {reading}");
            }
        }
    }
}

#[tokio::test]
async fn a_relay_inflates_what_it_reads_and_compresses_what_it_writes() {
    let endpoint = Server::Local.shared();
    let (from, to) = (endpoint.create_stream("from", 1).await, endpoint.create_stream("to", 1).await);
    for flags in [&["--compress", "gzip"][..], &["--compress", "lz4"], &[]] {
        put(endpoint, &from, &[&["--codec", "json-lines"], flags].concat()).await;
    }
    let relay =
        ["relay", from.name(), to.name(), "--until", "tip", "--codec", "json-lines", "--compress", "zstd"];
    Headwater::at(endpoint, relay).run().await.ok();
    assert!(records(&to).await.iter().all(|record| record.starts_with(FORMATS[0].1)));
    let read = tail(endpoint, to.name(), &["--codec", "json-lines"]).await;
    assert_eq!(read, format!("{LINE}\n").repeat(150));
}

#[tokio::test]
async fn bytes_stay_as_they_are() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("compressed", 1).await;
    put(endpoint, &stream, &["--codec", "json-lines", "--compress", "zstd"]).await;
    let raw = tail(endpoint, stream.name(), &["--codec", "bytes", "--output", "json"]).await;
    assert!(raw.contains("KLUv/"), "the magic bytes in base64: {raw}");

    for command in [&["put", "s", "x", "--codec", "bytes"][..], &["relay", "s", "t"]] {
        let told = Headwater::at(endpoint, command.iter().chain(&["--compress", "zstd"])).run().await.code(2);
        assert!(told.contains("--compress: with the codec bytes records stay as they are"), "{told}");
    }
}

#[tokio::test]
async fn a_damaged_record_is_a_letter_that_says_so() {
    let endpoint = Server::Local.shared();
    let (from, to) = (endpoint.create_stream("from", 1).await, endpoint.create_stream("to", 1).await);
    put(endpoint, &from, &["--codec", "json-lines", "--compress", "zstd"]).await;
    let mut record = records(&from).await.remove(0);
    record.truncate(record.len() - 1);
    let damaged = headwater::Message::keyed(Bytes::from(record), "k");
    crate::support::feed(endpoint, &from, codec::bytes(), [damaged]).await;

    let letters = tempfile::tempdir().unwrap();
    let letters = letters.path().join("letters.ndjson");
    let path = letters.to_str().unwrap();
    let relay =
        ["relay", from.name(), to.name(), "--until", "tip", "--codec", "json-lines", "--dead-letter", path];
    Headwater::at(endpoint, relay).run().await;
    let told = std::fs::read_to_string(&letters).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("it cannot be decoded as json-lines: inflate zstd: "), "{told}");
    let read = tail(endpoint, to.name(), &["--codec", "json-lines"]).await;
    assert_eq!(read, format!("{LINE}\n").repeat(50));
}
