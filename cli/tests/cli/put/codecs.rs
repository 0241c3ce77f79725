//! Codecs: what of the input becomes which record.

use futures::TryStreamExt as _;
use headwater::source::Until;
use headwater_kinesis::KinesisSource;

use super::{endpoint, put, stored};

const LINES: &str = "{\"z\":1.0, \"a\":[1]}\n7\n";

#[tokio::test]
async fn messages_of_one_key_become_the_records_of_each_codec() {
    for (codec, records) in [
        ("string", ["{\"z\":1.0, \"a\":[1]}", "7"].as_slice()),
        ("json", &["{\"z\":1.0, \"a\":[1]}", "7"]),
        ("bytes", &["{\"z\":1.0, \"a\":[1]}", "7"]),
        ("json-lines", &["{\"z\":1.0, \"a\":[1]}\n7\n"]),
        ("json-list", &["[{\"z\":1.0, \"a\":[1]},7]"]),
    ] {
        let endpoint = endpoint(1).await;
        put(&endpoint, ["--key", "k", "--codec", codec]).input(LINES).run().await.ok();
        assert_eq!(stored(&endpoint), records, "{codec}");
    }
}

#[tokio::test]
async fn json_becomes_message_pack_in_netstrings() {
    let endpoint = endpoint(1).await;
    put(&endpoint, ["--key", "k", "--codec", "msgpack"]).input("{\"a\":[1]}\n7\n").run().await.ok();
    assert_eq!(endpoint.records("s").unwrap()[0].data, b"5:\x81\xa1a\x91\x01,1:\x07,".as_slice());
}

#[tokio::test]
async fn messages_share_aggregates_and_keep_their_keys() {
    for codec in ["kpl-json", "kpl-string"] {
        let endpoint = endpoint(1).await;
        let lines: Vec<_> = (0..50).map(|number| format!("{{\"n\":{number}}}")).collect();
        put(&endpoint, ["--key-field", "n", "--codec", codec]).input(lines.join("\n")).run().await.ok();
        let records = endpoint.record_count("s").unwrap();
        assert!(records < 50, "{codec}: {records} records");

        let source = KinesisSource::builder("s").client(endpoint.client()).until(Until::Tip);
        let read: Vec<_> = source
            .connect()
            .await
            .unwrap()
            .map_ok(|message| {
                let key = message.key().unwrap().partition_key().to_owned();
                let payload = String::from_utf8(message.payload().to_vec()).unwrap();
                message.ack();
                (key, payload)
            })
            .try_collect()
            .await
            .unwrap();
        let mut numbers: Vec<u32> = read
            .iter()
            .map(|(key, payload)| {
                assert_eq!(payload, &format!("{{\"n\":{key}}}"), "{codec}");
                key.parse().unwrap()
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>(), "{codec}");
    }
}

#[tokio::test]
async fn a_wrong_codec_is_told_which_ones_there_are() {
    let endpoint = endpoint(1).await;
    let told = put(&endpoint, ["x", "--codec", "jsonl"]).run().await.code(2);
    for right in ["--codec", "jsonl", "string", "json-lines", "kpl-json", "msgpack", "bytes"] {
        assert!(told.contains(right), "{told}");
    }
}
