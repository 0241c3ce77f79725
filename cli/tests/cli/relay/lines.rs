//! Lines in, the same lines out.

use headwater_kinesis::codec;
use headwater_tests::Server;

use crate::relay::streams::Streams;
use crate::support::Headwater;

const LINES: u32 = 100_000;

#[tokio::test]
async fn jq_leaves_every_second_line_out() {
    let streams = Streams::new(Server::Local.shared(), 4).await;
    streams.fill_with_seq(20_000).await;
    let relay =
        ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--unpaced", "--unlimited"];
    let jq = ["--codec", "json", "--jq", "select(. % 2 == 0)"];
    let told = Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.ok();
    assert_eq!(told, "", "standard output is for data alone");
    assert!(streams.numbers().await.into_iter().eq((1..=10_000).map(|half| half * 2)));
}

#[tokio::test]
async fn what_put_wrote_and_relay_mapped_is_what_tail_prints() {
    let streams = Streams::new(Server::Local.shared(), 4).await;
    let lines = (1..=LINES).map(|number| number.to_string()).collect::<Vec<_>>().join("\n");
    let put = ["put", streams.from.name(), "--codec", "string", "--unlimited"];
    Headwater::at(streams.endpoint, put).input(lines).run().await.ok();
    let relay =
        ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--unpaced", "--unlimited"];
    let jq = ["--codec", "string", "--jq", "."];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.ok();
    let tail = ["tail", streams.to.name(), "--from", "horizon", "--until", "tip", "--unpaced"];
    let printed = Headwater::at(streams.endpoint, tail).run().await.ok();
    let mut numbers: Vec<u32> = printed.lines().map(|line| line.parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=LINES));
}

#[tokio::test]
async fn messages_of_a_key_keep_their_order() {
    let streams = Streams::new(Server::Local.shared(), 2).await;
    for number in 0..300 {
        streams.from.put(&format!("key {}", number % 3), format!("{number}")).await;
    }
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--max-in-flight", "8"];
    let jq = ["--codec", "json", "--jq", "., .", "--linger", "1ms"];
    Headwater::at(streams.endpoint, relay.iter().chain(&jq)).run().await.ok();
    let written = streams.written(codec::json::<u32>()).await;
    for key in 0..3 {
        let of_key = written.iter().filter(|(written, _)| *written == format!("key {key}"));
        let expected = (0..100).flat_map(|nth| [nth * 3 + key; 2]);
        assert!(of_key.map(|(_, number)| *number).eq(expected), "key {key}");
    }
}

async fn a_raw_relay_keeps_keys_and_payloads(server: Server) {
    let streams = Streams::new(server.shared(), 2).await;
    let payloads = ["plain", "{\"a\": 1}", "ünï"];
    streams.fill(codec::string(), payloads.map(str::to_owned)).await;
    let arguments = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    Headwater::at(streams.endpoint, arguments).run().await.ok();
    let mut written = streams.written(codec::string()).await;
    written.sort();
    let mut expected = payloads.map(|payload| (format!("key of {payload}"), payload.to_owned()));
    expected.sort();
    assert_eq!(written, expected);
}

#[tokio::test]
async fn a_raw_relay_keeps_keys_and_payloads_on_our_endpoint() {
    a_raw_relay_keeps_keys_and_payloads(Server::Local).await;
}

#[tokio::test]
async fn a_raw_relay_keeps_keys_and_payloads_on_kinesalite() {
    a_raw_relay_keeps_keys_and_payloads(Server::Kinesalite).await;
}

#[tokio::test]
async fn a_raw_relay_keeps_keys_and_payloads_on_kinesis_local() {
    a_raw_relay_keeps_keys_and_payloads(Server::KinesisLocal).await;
}
