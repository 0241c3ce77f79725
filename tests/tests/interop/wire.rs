//! Records are the same whichever way they went over the wire, on every server; and a server that knows no CBOR is
//! spoken to in JSON.

use std::time::SystemTime;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use headwater::source::Until;
use headwater::{HashKey, Key, Message, SequenceNumber};
use headwater_kinesis::{KinesisSink, KinesisSource, KinesisSourceBuilder, Wire};
use headwater_local::{LocalKinesis, Operation};
use headwater_tests::{Endpoint, Server, TestStream};

const WIRES: [Wire; 3] = [Wire::Json, Wire::Cbor, Wire::Sdk];

/// Every field of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    shard: String,
    sequence: SequenceNumber,
    arrival: Option<SystemTime>,
    key: String,
    payload: Bytes,
}

impl From<Message<Bytes>> for Seen {
    fn from(message: Message<Bytes>) -> Self {
        let origin = message.origin().expect("a source names the origin");
        let seen = Self {
            shard: origin.shard().to_string(),
            sequence: origin.sequence().clone(),
            arrival: origin.arrival(),
            key: message.key().expect("a record has a key").partition_key().to_owned(),
            payload: message.payload().clone(),
        };
        message.ack();
        seen
    }
}

/// Messages of which each is written otherwise: in base64 with and without padding, in CBOR with each width of a length,
/// with keys that JSON has to escape, and with hash keys of their own.
fn messages() -> Vec<Message<Bytes>> {
    let lengths = [1, 2, 3, 4, 23, 24, 25, 255, 256, 257, 4_000, 65_535, 65_536, 70_001];
    let keys = [
        "k",
        "\"quoted\\\"",
        "line\nbreak\t\u{1}",
        "ключ",
        "\u{1f511}",
        "a key of more than 23 bytes",
        "</script>",
    ];
    let message = |(number, length): (usize, usize)| {
        let payload: Vec<u8> = (0..length).map(|at| (at * 7 + number * 31) as u8).collect();
        let key = match keys.get(number % 8) {
            Some(key) => Key::from(*key),
            None => Key::from("é".repeat(256)),
        };
        let key = if number % 3 == 0 { key.hashed(HashKey::new((number as u128) << 123)) } else { key };
        Message::keyed(Bytes::from(payload), key)
    };
    lengths.into_iter().cycle().take(42).enumerate().map(message).collect()
}

/// Puts messages and returns where each lies and what it holds.
async fn put(endpoint: &Endpoint, stream: &TestStream, wire: Wire) -> Vec<Seen> {
    let sink = KinesisSink::builder(stream.name()).sdk_config(endpoint.sdk_config()).wire(wire);
    let producer = sink.connect().await.unwrap().producer();
    let mut receipts = Vec::new();
    for message in messages() {
        receipts.push(producer.put(message).await.unwrap());
    }
    let delivered = join_all(receipts).await;
    assert!(producer.close().await.is_empty());
    let mut seen = Vec::new();
    for (message, delivered) in messages().into_iter().zip(delivered) {
        let delivered = delivered.unwrap();
        seen.push(Seen {
            shard: delivered.shard().to_string(),
            sequence: delivered.sequence().clone(),
            arrival: None,
            key: message.key().unwrap().partition_key().to_owned(),
            payload: message.into_parts().0,
        });
    }
    seen
}

fn source(endpoint: &Endpoint, stream: &TestStream, wire: Wire) -> KinesisSourceBuilder {
    KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).wire(wire)
}

/// Reads so many messages, in the order of their shards and places.
async fn read(source: KinesisSourceBuilder, count: usize) -> Vec<Seen> {
    let source = source.connect().await.unwrap();
    let mut seen: Vec<Seen> = source.take(count).map_ok(Seen::from).try_collect().await.unwrap();
    seen.sort_unstable();
    seen
}

async fn records_are_the_same_whichever_way_they_went(server: Server) {
    let endpoint = server.shared();
    let stream = endpoint.create_stream("wire", 2).await;
    let mut put_in_all_ways = Vec::new();
    for wire in WIRES {
        put_in_all_ways.extend(put(endpoint, &stream, wire).await);
    }
    put_in_all_ways.sort_unstable();

    let reference = read(source(endpoint, &stream, Wire::Sdk).until(Until::Tip).unpaced(), usize::MAX).await;
    let without_arrival = reference.iter().cloned().map(|seen| Seen { arrival: None, ..seen });
    for (read, put) in without_arrival.zip(&put_in_all_ways) {
        assert_eq!(&read, put);
    }
    assert_eq!(reference.len(), put_in_all_ways.len());
    assert!(reference.iter().all(|seen| seen.arrival.is_some()));
    for wire in [Wire::Json, Wire::Cbor] {
        let source = source(endpoint, &stream, wire).until(Until::Tip).unpaced();
        assert_eq!(read(source, usize::MAX).await, reference, "{wire:?}");
    }
    stream.delete().await;
}

async fn records_are_the_same_whichever_way_they_were_pushed(server: Server) {
    let endpoint = server.shared();
    let stream = endpoint.create_stream("pushed-wire", 2).await;
    let count = put(endpoint, &stream, Wire::Cbor).await.len();
    let reference = read(source(endpoint, &stream, Wire::Sdk).until(Until::Tip).unpaced(), usize::MAX).await;
    assert_eq!(reference.len(), count);
    for wire in WIRES {
        let source = source(endpoint, &stream, wire).fan_out(format!("{wire:?}"));
        assert_eq!(read(source, count).await, reference, "{wire:?}");
    }
    stream.delete().await;
}

#[tokio::test]
async fn records_are_the_same_whichever_way_they_went_on_our_server() {
    records_are_the_same_whichever_way_they_went(Server::Local).await;
}

#[tokio::test]
async fn records_are_the_same_whichever_way_they_went_on_kinesalite() {
    records_are_the_same_whichever_way_they_went(Server::Kinesalite).await;
}

#[tokio::test]
async fn records_are_the_same_whichever_way_they_went_on_kinesis_local() {
    records_are_the_same_whichever_way_they_went(Server::KinesisLocal).await;
}

#[tokio::test]
async fn records_are_the_same_whichever_way_they_were_pushed_on_our_server() {
    records_are_the_same_whichever_way_they_were_pushed(Server::Local).await;
}

/// It answers a subscription that was asked for in CBOR with events in JSON.
#[tokio::test]
async fn records_are_the_same_whichever_way_they_were_pushed_on_kinesis_local() {
    records_are_the_same_whichever_way_they_were_pushed(Server::KinesisLocal).await;
}

/// It knows no CBOR, and says SerializationException.
#[tokio::test]
async fn ministack_is_spoken_to_in_json() {
    records_are_the_same_whichever_way_they_went(Server::Ministack).await;
    records_are_the_same_whichever_way_they_were_pushed(Server::Ministack).await;
}

#[tokio::test]
async fn an_endpoint_that_refuses_cbor_is_spoken_to_in_json_from_then_on() {
    let server = LocalKinesis::builder().stream("orders", 1).refuse_cbor().serve().await.unwrap();
    let sink = KinesisSink::builder("orders").client(server.client()).wire(Wire::Cbor);
    let producer = sink.connect().await.unwrap().producer();
    for number in 0..3 {
        let receipt = producer.put(Message::keyed(Bytes::from(number.to_string()), "k")).await.unwrap();
        assert_eq!(receipt.await.unwrap().attempts(), 1, "what the endpoint refused is no attempt");
    }
    assert!(producer.close().await.is_empty());
    assert_eq!(server.record_count("orders").unwrap(), 3);

    let source = || KinesisSource::builder("orders").client(server.client()).wire(Wire::Cbor);
    let payloads = |seen: Vec<Seen>| seen.into_iter().map(|seen| seen.payload).collect::<Vec<_>>();
    assert_eq!(payloads(read(source().until(Until::Tip), usize::MAX).await), ["0", "1", "2"]);
    assert_eq!(payloads(read(source().fan_out("reports"), 3).await), ["0", "1", "2"]);
    let counters = server.counters();
    for operation in [Operation::PutRecords, Operation::GetRecords, Operation::SubscribeToShard] {
        assert_eq!(counters.refused(operation), 1, "{operation:?} in CBOR");
        assert!(counters.calls(operation) > 1, "{operation:?} in JSON");
    }
    assert_eq!(counters.calls(Operation::PutRecords), 4, "one a message, and the one that was refused");
}
