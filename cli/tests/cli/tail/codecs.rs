//! What records are written in.

use bytes::Bytes;
use headwater::Message;
use headwater_kinesis::codec;
use headwater_tests::{Endpoint, Server, sized};
use serde_json::{Value, json};

use super::all_of;
use crate::support::{Done, Headwater, feed, keyed};

fn lines(done: Done) -> Vec<String> {
    done.ok().lines().map(str::to_owned).collect()
}

async fn lines_come_back(endpoint: &Endpoint, count: usize) {
    let stream = endpoint.create_stream("lines", 4).await;
    let numbers = (1..=count).map(|number| Message::new(number.to_string()));
    feed(endpoint, &stream, codec::string(), numbers).await;
    let mut read = lines(all_of(endpoint, &stream, &["--codec", "string", "--unpaced"]).await);
    read.sort_unstable_by_key(|line| line.parse::<usize>().unwrap());
    let wanted: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
    assert!(read == wanted, "{} of {count} lines came back, or in another form", read.len());
}

#[tokio::test]
async fn a_hundred_thousand_lines_come_back() {
    lines_come_back(Server::Local.shared(), 100_000).await;
}

#[tokio::test]
async fn lines_come_back_from_kinesalite() {
    lines_come_back(Server::Kinesalite.shared(), 2_000).await;
}

#[tokio::test]
async fn lines_come_back_from_kinesis_local() {
    lines_come_back(Server::KinesisLocal.shared(), 1_000).await;
}

#[tokio::test]
async fn lines_of_one_key_come_back_in_their_order() {
    let (endpoint, count) = (Server::Local.shared(), sized(100_000, 2_000));
    let stream = endpoint.create_stream("ordered", 2).await;
    let numbers = (1..=count).map(|number| Message::keyed(number.to_string(), "one"));
    feed(endpoint, &stream, codec::string(), numbers).await;
    let read = lines(all_of(endpoint, &stream, &["--codec", "string", "--unpaced"]).await);
    let wanted: Vec<_> = (1..=count).map(|number| number.to_string()).collect();
    assert!(read == wanted, "{} of {count} lines came back, or in another order", read.len());
}

/// Two values in the records of each codec of JSON, read by its name and by none.
async fn json_is_read_by_every_codec(endpoint: &Endpoint) {
    let values = [json!({"n": 1, "s": "é"}), json!([true, null])];
    let messages = || values.iter().map(|value| Message::keyed(value.clone(), "one"));
    for name in ["json", "json-lines", "json-list", "msgpack", "kpl-json"] {
        let stream = endpoint.create_stream(name, 1).await;
        match name {
            "json" => feed(endpoint, &stream, codec::json::<Value>(), messages()).await,
            "json-lines" => feed(endpoint, &stream, codec::json_lines::<Value>(), messages()).await,
            "json-list" => feed(endpoint, &stream, codec::json_list::<Value>(), messages()).await,
            "msgpack" => feed(endpoint, &stream, codec::msgpack::<Value>(), messages()).await,
            _ => feed(endpoint, &stream, codec::kpl_json::<Value>(), messages()).await,
        }
        let read = all_of(endpoint, &stream, &["--codec", name, "--output", "json"]).await.json_lines();
        assert_eq!(read, values, "{name}");
        let read = all_of(endpoint, &stream, &["--codec", "auto", "--output", "json"]).await.json_lines();
        // Nothing tells a list of messages from a message that is a list.
        let looks: &[Value] = if name == "json-list" { &[json!(values)] } else { &values };
        assert_eq!(read, looks, "{name} by its looks");
    }
}

#[tokio::test]
async fn json_is_read_by_every_codec_from_our_server() {
    json_is_read_by_every_codec(Server::Local.shared()).await;
}

#[tokio::test]
async fn json_is_read_by_every_codec_from_kinesis_local() {
    json_is_read_by_every_codec(Server::KinesisLocal.shared()).await;
}

#[tokio::test]
async fn text_in_aggregates_is_read_with_the_key_of_each() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("aggregates", 1).await;
    let texts = [("1", "a"), ("two", "b")].map(|(text, key)| Message::keyed(text.to_owned(), key));
    feed(endpoint, &stream, codec::kpl_string(), texts).await;
    let template = "{sub_sequence} {key} {payload}";
    for name in ["kpl-string", "auto", "string", "bytes"] {
        let read = all_of(endpoint, &stream, &["--codec", name, "--output", template]).await.ok();
        assert_eq!(read, "0 a 1\n1 b two\n", "{name}");
    }
}

#[tokio::test]
async fn a_codec_says_what_a_payload_is_and_without_one_its_looks_do() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("looks", 1).await;
    let payloads = [Bytes::from_static(b"12"), "text".into(), "".into(), Bytes::from_static(b"\xff\x00")];
    feed(endpoint, &stream, codec::bytes(), payloads.map(|payload| keyed(payload, "one"))).await;
    let flags = ["--output", "json"];
    let auto = all_of(endpoint, &stream, &flags).await.json_lines();
    assert_eq!(auto, [json!(12), json!("text"), json!(""), json!({"base64": "/wA="})]);
    let bytes = all_of(endpoint, &stream, &["--codec", "bytes", "--output", "json"]).await.json_lines();
    assert_eq!(bytes[..2], [json!({"base64": "MTI="}), json!({"base64": "dGV4dA=="})]);
    let text = all_of(endpoint, &stream, &["--codec", "string", "--output", "json", "-n", "2"]).await;
    assert_eq!(text.json_lines(), [json!("12"), json!("text")]);
}

#[tokio::test]
async fn what_is_not_of_the_codec_is_told_and_left_out() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("poison", 1).await;
    stream.put("k", "1").await;
    let (shard, sequence) = stream.put("k", "one").await;
    stream.put("k", "2").await;
    let done = all_of(endpoint, &stream, &["--codec", "json"]).await;
    assert_eq!(done.stdout, "1\n2\n");
    let told = done.code(3);
    for what in [&shard, &sequence, "JSON", "1 message could not be decoded"] {
        assert!(told.contains(what), "{what}: {told}");
    }
}

#[tokio::test]
async fn a_stream_of_another_codec_is_no_wall_of_warnings() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("foreign", 1).await;
    feed(endpoint, &stream, codec::bytes(), (0..400).map(|n| keyed(format!("no {n}"), n.to_string()))).await;
    let told = all_of(endpoint, &stream, &["--codec", "json"]).await.code(3);
    let warnings = told.lines().filter(|line| line.contains("skipped")).count();
    assert!((20..=25).contains(&warnings), "{warnings}: {told}");
    assert!(told.contains("400 messages could not be decoded"), "{told}");
}

#[tokio::test]
async fn a_codec_that_is_none_is_refused_with_those_that_are() {
    let told = Headwater::new(["tail", "orders", "--codec", "jsn"]).run().await.code(2);
    assert!(told.contains("'jsn'") && told.contains("kpl-json") && told.contains("auto"), "{told}");
}

#[tokio::test]
async fn a_string_of_json_that_is_no_text_stops_nobody() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("no-text", 1).await;
    stream.put("k", b"\"\xff\"").await;
    stream.put("k", b"\"after\"").await;
    let read = all_of(endpoint, &stream, &["--meta"]).await.json_lines();
    let payloads: Vec<_> = read.iter().map(|line| &line["payload"]).collect();
    assert_eq!(payloads, [&json!({ "base64": "Iv8i" }), &json!("after")]);
    let done = all_of(endpoint, &stream, &["--meta", "--codec", "json"]).await;
    assert_eq!((done.status.code(), done.stdout.lines().count()), (Some(3), 1), "{}", done.stderr);
    let put = Headwater::at(endpoint, ["put", stream.name(), "--codec", "json"]).input(b"\"\xff\"\n");
    assert!(put.run().await.code(1).contains("not delivered"));
}
