//! From one codec into another.

use headwater::Message;
use headwater_kinesis::codec;
use headwater_tests::Server;

use crate::relay::streams::Streams;
use crate::support::Headwater;

const PAYLOADS: [&str; 3] = ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"];

/// Every codec, written by the command and read by it again.
#[tokio::test]
async fn json_survives_every_codec() {
    for through in ["string", "json", "json-lines", "json-list", "msgpack", "kpl-json", "kpl-string", "bytes"]
    {
        let there = Streams::new(Server::Local.shared(), 2).await;
        there.fill(codec::string(), PAYLOADS.map(str::to_owned)).await;
        let (from, between, to) = (there.from.name(), there.to.name(), there.endpoint.unique("back"));
        let into = ["relay", from, between, "--until", "tip", "--codec-in", "json", "--codec-out", through];
        Headwater::at(there.endpoint, into).run().await.ok();
        let back = ["relay", between, &to, "--create", "1", "--until", "tip"];
        let back = back.iter().copied().chain(["--codec-in", through, "--codec-out", "json"]);
        Headwater::at(there.endpoint, back).run().await.ok();

        let written = super::streams::read(there.endpoint, &to, codec::string()).await;
        let mut payloads: Vec<_> = written.into_iter().map(|(_, payload)| payload).collect();
        payloads.sort();
        assert_eq!(payloads, PAYLOADS, "{through}");
    }
}

#[tokio::test]
async fn lines_of_one_key_share_a_record() {
    let streams = Streams::new(Server::Kinesalite.shared(), 1).await;
    streams.fill(codec::string(), ["[1,2,3]".to_owned()]).await;
    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip", "--jq", ".[]"];
    let codecs = ["--codec-in", "json", "--codec-out", "json-lines"];
    Headwater::at(streams.endpoint, relay.iter().chain(&codecs)).run().await.ok();
    let shard = streams.to.shards().await.remove(0).shard_id;
    let records = streams.to.read_all(&shard).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].data.as_ref(), b"1\n2\n3\n");
}

#[tokio::test]
async fn aggregates_stay_whole_where_that_is_wanted() {
    let streams = Streams::new(Server::Local.shared(), 1).await;
    let sink = headwater_kinesis::KinesisSink::builder(streams.from.name()).client(streams.endpoint.client());
    let producer = sink.connect().await.unwrap().encode(codec::kpl_string()).producer();
    for n in 0..5 {
        producer.send(Message::keyed(n.to_string(), format!("key {n}"))).await.unwrap();
    }
    assert!(producer.close().await.is_empty());

    let relay = ["relay", streams.from.name(), streams.to.name(), "--until", "tip"];
    let shard = streams.to.shards().await.remove(0).shard_id;
    Headwater::at(streams.endpoint, relay.iter().chain(&["--whole"])).run().await.ok();
    assert_eq!(streams.to.read_all(&shard).await.len(), 1);
    Headwater::at(streams.endpoint, relay).run().await.ok();
    assert_eq!(streams.to.read_all(&shard).await.len(), 1 + 5);
}
