//! How messages are printed.

use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, TestStream};
use serde_json::json;

use super::all_of;
use crate::support::{Headwater, feed, keyed};

const ORDER: &str = r#"{"z":1.10,"a":{"id":12345678901234567890123}}"#;

async fn one_order(endpoint: &Endpoint) -> TestStream {
    let stream = endpoint.create_stream("printed", 1).await;
    feed(endpoint, &stream, codec::bytes(), [keyed(ORDER, "customer-7")]).await;
    stream
}

#[tokio::test]
async fn json_is_printed_as_it_was_written() {
    let endpoint = Server::Local.shared();
    let stream = one_order(endpoint).await;
    for flags in [&[][..], &["--output", "raw"], &["--output", "json"], &["-o", "json"]] {
        assert_eq!(all_of(endpoint, &stream, flags).await.ok(), format!("{ORDER}\n"), "{flags:?}");
    }
    let pretty = all_of(endpoint, &stream, &["--output", "json-pretty"]).await.ok();
    assert_eq!(pretty, "{\n  \"z\": 1.10,\n  \"a\": {\n    \"id\": 12345678901234567890123\n  }\n}\n");
}

async fn where_a_message_was_is_printed_beside_it(endpoint: &Endpoint) {
    let stream = one_order(endpoint).await;
    let shard = stream.shards().await[0].shard_id.clone();
    let record = &stream.read(&shard, 1).await[0];
    let arrival = record.approximate_arrival_timestamp.expect("the server tells");
    let printed = all_of(endpoint, &stream, &["--meta"]).await.ok();
    assert!(printed.ends_with(&format!("\"payload\":{ORDER}}}\n")), "{printed}");
    let mut meta: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let told = meta["arrival"].as_str().unwrap().to_owned();
    let (told_at, _) = told.split_once('.').expect("milliseconds");
    let at = arrival.fmt(aws_sdk_kinesis::primitives::DateTimeFormat::DateTime).unwrap();
    assert!(at.starts_with(told_at) && told.len() == "2026-01-31T12:00:00.000Z".len(), "{told} {at}");
    let beside = meta.as_object_mut().unwrap();
    beside.remove("arrival");
    beside.remove("payload");
    let sequence = &record.sequence_number;
    assert_eq!(
        meta,
        json!({"key": "customer-7", "shard": shard, "sequence": sequence, "sub_sequence": null})
    );
    let pretty = all_of(endpoint, &stream, &["--meta", "--output", "json-pretty"]).await.ok();
    assert!(pretty.starts_with("{\n  \"key\": \"customer-7\",\n"), "{pretty}");
}

#[tokio::test]
async fn where_a_message_was_is_printed_beside_it_on_our_server() {
    where_a_message_was_is_printed_beside_it(Server::Local.shared()).await;
}

#[tokio::test]
async fn where_a_message_was_is_printed_beside_it_on_kinesalite() {
    where_a_message_was_is_printed_beside_it(Server::Kinesalite.shared()).await;
}

#[tokio::test]
async fn a_template_is_filled_in() {
    let endpoint = Server::Local.shared();
    let stream = one_order(endpoint).await;
    let shard = "shardId-000000000000";
    let template = r"{{{key}}}\t{payload.a.id}\t{payload.none}{shard}";
    let printed = all_of(endpoint, &stream, &["--output", template]).await.ok();
    assert_eq!(printed, format!("{{customer-7}}\t12345678901234567890123\t{shard}\n"));
    let printed = all_of(endpoint, &stream, &["--output", r"{payload.z}\n"]).await.ok();
    assert_eq!(printed, "1.10\n", "a line that ends is not ended twice");
    let printed = all_of(endpoint, &stream, &["--output", "{sequence} {arrival}"]).await.ok();
    let (sequence, arrival) = printed.trim_end().split_once(' ').unwrap();
    assert!(sequence.len() > 50 && arrival.ends_with('Z'), "{printed}");
}

#[tokio::test]
async fn a_configuration_file_has_defaults_by_the_names_of_the_flags() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let stream = one_order(endpoint).await;
    stream.put("customer-8", "another").await;
    let config = "[tail]\nfrom = \"horizon\"\nuntil = \"tip\"\noutput = \"{key}\"\ncount = 1\n";
    std::fs::write(directory.path().join("config.toml"), config).unwrap();
    let tail = |flags: &[&str]| {
        let args = ["tail", stream.name(), "--config", "config.toml"];
        Headwater::at(endpoint, args.iter().chain(flags)).in_directory(directory.path()).run()
    };
    assert_eq!(tail(&[]).await.ok(), "customer-7\n");
    assert_eq!(tail(&["-n", "2"]).await.ok(), "customer-7\ncustomer-8\n", "flags win");
}

#[tokio::test]
async fn a_wrong_form_is_refused_before_anything_is_read() {
    let refused = async |flags: &[&str], rights: &[&str]| {
        // There is nothing at this address.
        let args = ["tail", "orders", "--endpoint-url", "http://127.0.0.1:9"];
        let told = Headwater::new(args.iter().chain(flags)).run().await.code(2);
        for right in rights {
            assert!(told.contains(right), "{right}: {told}");
        }
    };
    refused(&["--output", "jsn"], &["'jsn'", "json-pretty", "a template"]).await;
    refused(&["--output", "{keys}"], &["{keys}", "{payload.FIELD}", "{key}", "{sub_sequence}"]).await;
    refused(&["--output", "{key"], &["{{"]).await;
    refused(&["--output", "raw", "--meta"], &["--meta", "--output json"]).await;
    refused(&["--output", "{key}", "--meta"], &["--meta", "template"]).await;
    refused(&["-n", "0"], &["0", "a number from 1 on"]).await;
    refused(&["--listen", "nowhere"], &["--listen", "nowhere"]).await;
}
