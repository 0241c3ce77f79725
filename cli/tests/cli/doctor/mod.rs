//! `headwater doctor`.

mod access;
mod canned;
mod checkpoints;
mod clock;
mod identity;
mod orders;
mod records;
mod told;

use headwater_tests::Server;
use serde_json::Value;

use crate::support::Headwater;
use told::Told;

#[tokio::test]
async fn a_healthy_stream_is_found_so_on_every_server() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let endpoint = server.shared();
        let stream = endpoint.create_stream("healthy", 2).await;
        let put = endpoint.client().put_record().stream_name(stream.name()).partition_key("k");
        put.data(br#"{"id":1}"#[..].into()).send().await.unwrap();
        let told = Told::by(Headwater::at(endpoint, ["doctor", stream.name(), "--codec", "json"])).await;
        told.nothing_found();
        for check in
            ["stream", "kinesis:ListShards", "kinesis:GetRecords", "kinesis:PutRecords", "records", "clock"]
        {
            assert_eq!(told.verdict(check), "ok", "{server}: {check}: {told:?}");
        }
        // The others do not tell of quotas, or of consumers.
        if server == Server::KinesisLocal {
            assert_eq!((told.verdict("quotas"), told.verdict("consumers")), ("ok", "ok"), "{told:?}");
        }
    }
}

#[tokio::test]
async fn every_check_is_a_line_for_people_and_an_object_for_programs() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("lines", 1).await;
    let text = Headwater::at(endpoint, ["doctor", stream.name()]).run().await.ok();
    assert!(text.contains("ok          stream: "), "{text}");
    let objects =
        Headwater::at(endpoint, ["doctor", stream.name(), "--output", "json"]).run().await.json_lines();
    assert_eq!(objects.len(), text.lines().count(), "{text}");
    for object in objects {
        assert!(object["check"].is_string() && object["told"].is_string(), "{object}");
        assert_eq!(object["remedy"], Value::Null, "{object}");
    }
}

#[tokio::test]
async fn what_cannot_go_together_is_named_with_what_would_be_right() {
    for (flags, right) in [
        (&["--mode", "read", "--write-probe"][..], "--mode write"),
        (&["--app", "billing"], "--checkpoints"),
        (&["--checkpoints", "sqlite:a.db"], "--app"),
        (&["--mode", "delete"], "relay"),
        (&["--codec", "xml"], "kpl-json"),
        (&["--wait", "long"], "--wait"),
    ] {
        let endpoint = Server::Local.shared();
        let stream = endpoint.create_stream("usage", 1).await;
        let told = Headwater::at(endpoint, [&["doctor", stream.name()], flags].concat()).run().await.code(2);
        assert!(told.contains(right), "{flags:?}: {told}");
    }
    let told = Headwater::new(["doctor", "a b"]).run().await.code(2);
    assert!(told.contains("letters, digits"), "{told}");
}
