//! What jq makes of messages.

use headwater_kinesis::codec;
use headwater_tests::Server;

use crate::relay::streams::Streams;
use crate::support::Headwater;

async fn made(server: Server, payloads: &[&str], arguments: &[&str]) -> Vec<(String, String)> {
    let streams = Streams::new(server.shared(), 2).await;
    streams.fill(codec::string(), payloads.iter().map(|&payload| payload.to_owned())).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    Headwater::at(streams.endpoint, relay.iter().chain(arguments)).run().await.ok();
    let mut written = streams.written(codec::string()).await;
    written.sort();
    written
}

#[tokio::test]
async fn one_message_becomes_many_and_keeps_its_key() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let written =
            made(server, &["[3,1.50,{\"b\":1,\"a\":2}]", "[]"], &["--codec", "json", "--jq", ".[]"]).await;
        let key = "key of [3,1.50,{\"b\":1,\"a\":2";
        let expected = ["1.50", "3", "{\"b\":1,\"a\":2}"].map(|part| (key.to_owned(), part.to_owned()));
        assert_eq!(written, expected, "{server}");
    }
}

#[tokio::test]
async fn a_key_is_made_from_what_jq_made() {
    let payloads = ["{\"who\":\"ann\",\"n\":1}", "{\"who\":\"bob\",\"n\":2}"];
    let arguments = ["--codec", "json", "--jq", "{n, w: .who}", "--key-jq", ".w"];
    let written = made(Server::Local, &payloads, &arguments).await;
    let expected = [("ann", "{\"n\":1,\"w\":\"ann\"}"), ("bob", "{\"n\":2,\"w\":\"bob\"}")];
    assert_eq!(written, expected.map(|(key, payload)| (key.to_owned(), payload.to_owned())));
}

#[tokio::test]
async fn a_key_alone_leaves_the_message_as_it_was_written() {
    let written = made(Server::Local, &["{ \"n\": 7 }"], &["--codec", "json", "--key-jq", ".n"]).await;
    assert_eq!(written, [("7".to_owned(), "{ \"n\": 7 }".to_owned())]);
}

#[tokio::test]
async fn text_is_a_string_to_jq() {
    let written = made(Server::Local, &["a b"], &["--codec", "string", "--jq", "split(\" \")[]"]).await;
    let payloads: Vec<_> = written.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!(payloads, ["a", "b"]);
}
