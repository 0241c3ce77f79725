//! The source takes apart what aiokpl and async-kinesis put into a stream, and resumes in the middle of it.
//!
//! Both write to our own endpoint, over TCP.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::MemoryCheckpoints;
use headwater::source::Until;
use headwater::{HashKey, Key, Message, SequenceNumber};
use headwater_kinesis::kpl::{UserRecord, partition_hash_key};
use headwater_kinesis::{Deaggregation, KinesisSource, KinesisSourceBuilder};
use headwater_tests::{Endpoint, Landed, Processor, Server, TestStream, produce, put_with_aiokpl};
use serde_json::{Value, json};

/// A message as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    shard: String,
    sequence: SequenceNumber,
    sub_sequence: Option<u64>,
    key: Key,
    payload: Bytes,
}

impl From<&Message<Bytes>> for Seen {
    fn from(message: &Message<Bytes>) -> Self {
        let origin = message.origin().expect("a source names the origin");
        Self {
            shard: origin.shard().to_string(),
            sequence: origin.sequence().clone(),
            sub_sequence: origin.sub_sequence(),
            key: message.key().expect("a record has a key").clone(),
            payload: message.payload().clone(),
        }
    }
}

fn source(endpoint: &Endpoint, stream: &TestStream) -> KinesisSourceBuilder {
    KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).unpaced().until(Until::Tip)
}

/// Reads what is left, each shard in its order, and acks it.
async fn rest(source: KinesisSourceBuilder) -> Vec<Seen> {
    let source = source.connect().await.unwrap();
    let control = source.control();
    let seen = source.map_ok(|message| {
        let seen = Seen::from(&message);
        message.ack();
        seen
    });
    let mut seen: Vec<Seen> = seen.try_collect().await.unwrap();
    control.finished().await.unwrap();
    seen.sort_by(|one, other| one.shard.cmp(&other.shard));
    seen
}

/// Gives each message its place among those of its record. One alone travels as it is, and has none.
fn number(messages: &mut [Seen]) {
    let mut counts: HashMap<SequenceNumber, u64> = HashMap::new();
    for message in &mut *messages {
        let count = counts.entry(message.sequence.clone()).or_default();
        message.sub_sequence = Some(*count);
        *count += 1;
    }
    for message in messages {
        message.sub_sequence = message.sub_sequence.filter(|_| counts[&message.sequence] > 1);
    }
}

/// User records of many keys, some with an explicit hash key.
fn users(count: usize) -> Vec<UserRecord> {
    let user = |number: usize| {
        let key = Key::from(format!("ключ-{}", number % 11));
        // Spread over the whole range: the number moves to the highest bits.
        let hash = HashKey::new((number as u128) << 121);
        let key = if number.is_multiple_of(3) { key.hashed(hash) } else { key };
        UserRecord::new(key, vec![number as u8; number * 17 % 300])
    };
    (0..count).map(user).collect()
}

/// What aiokpl put into a stream, by what it says itself.
async fn put_users(endpoint: &Endpoint, stream: &TestStream, most: usize, count: usize) -> Vec<Seen> {
    let users = users(count);
    let landed = put_with_aiokpl(endpoint.url(), stream.name(), most, &users).await;
    let seen = |(user, landed): (UserRecord, Landed)| Seen {
        shard: landed.shard,
        sequence: landed.sequence,
        sub_sequence: None,
        key: user.key,
        payload: user.data,
    };
    let mut put: Vec<Seen> = users.into_iter().zip(landed).map(seen).collect();
    put.sort_by(|one, other| (&one.shard, &one.sequence).cmp(&(&other.shard, &other.sequence)));
    number(&mut put);
    put
}

#[tokio::test]
async fn what_aiokpl_put_is_read_with_its_keys_its_order_and_its_places() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("aiokpl", 4).await;
    let put = put_users(endpoint, &stream, 20, 120).await;
    assert!(put.iter().filter(|put| put.sub_sequence > Some(1)).count() > 50, "it aggregates");
    // It goes by the keys of its user records, so that each policy keeps them all.
    for policy in [Deaggregation::KeepAll, Deaggregation::KeepInRange, Deaggregation::KclStrict] {
        let mut read = rest(source(endpoint, &stream).deaggregation(policy)).await;
        assert_eq!(read.len(), put.len(), "{policy:?}");
        for (read, put) in read.iter_mut().zip(&put) {
            // Kinesis does not return the explicit hash key of a plain record.
            if read.sub_sequence.is_none() && read.key.partition_key() == put.key.partition_key() {
                read.key = put.key.clone();
            }
            assert_eq!(read, put, "{policy:?}");
        }
    }
    stream.delete().await;
}

#[tokio::test]
async fn what_async_kinesis_put_is_read_in_its_order_wherever_it_landed() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("async-kinesis", 4).await;
    let items: Vec<Value> = (0..150).map(|number| json!({ "number": number })).collect();
    for items in items.chunks(50) {
        produce(endpoint.url(), stream.name(), Processor::KplJson, items).await;
    }
    let mut read = rest(source(endpoint, &stream)).await;
    let mut expected = read.clone();
    number(&mut expected);
    assert_eq!(read, expected);
    assert!(read.iter().all(|read| read.sub_sequence.is_none() || read.key == "a".into()));

    // Its records have random keys, and go to any shard, whereas "a", the key of all its user records, belongs to one.
    let owner = owner(&stream, partition_hash_key("a")).await;
    for policy in [Deaggregation::KeepInRange, Deaggregation::KclStrict] {
        let kept = rest(source(endpoint, &stream).deaggregation(policy)).await;
        let owned = read.iter().filter(|read| read.sub_sequence.is_none() || read.shard == owner);
        assert_eq!(kept, owned.cloned().collect::<Vec<_>>(), "{policy:?}");
    }

    // One program after the other: sequence numbers of different shards follow the time.
    read.sort_by(|one, other| one.sequence.cmp(&other.sequence));
    let mut values: Vec<Value> =
        read.iter().map(|read| serde_json::from_slice(&read.payload).unwrap()).collect();
    for values in values.chunks_mut(50) {
        // No order is kept between the records of one program, which may be several.
        values.sort_by_key(|value| value["number"].as_u64());
    }
    assert_eq!(values, items);
    stream.delete().await;
}

/// The shard that owns a hash key.
async fn owner(stream: &TestStream, hash_key: HashKey) -> String {
    let owns = |shard: &aws_sdk_kinesis::types::Shard| {
        let range = shard.hash_key_range.as_ref().expect("a shard has a range");
        let end = |text: &str| text.parse::<HashKey>().expect("a hash key is a number");
        (end(&range.starting_hash_key)..=end(&range.ending_hash_key)).contains(&hash_key)
    };
    stream.shards().await.into_iter().find(owns).expect("every hash key is owned").shard_id
}

/// A stream of one shard with two aggregates and what aiokpl made of the rest.
async fn aggregates(endpoint: &Endpoint) -> (TestStream, Vec<Seen>) {
    let stream = endpoint.create_stream("restart", 1).await;
    put_users(endpoint, &stream, 7, 15).await;
    let all = rest(source(endpoint, &stream)).await;
    assert_eq!(all.len(), 15);
    assert!(all.iter().filter(|seen| seen.sub_sequence == Some(2)).count() > 1, "several aggregates");
    (stream, all)
}

#[tokio::test]
async fn a_restart_after_any_number_of_acks_resumes_at_the_next_user_record() {
    let endpoint = Server::Local.shared();
    let (stream, all) = aggregates(endpoint).await;
    for acked in 0..=all.len() {
        let store = MemoryCheckpoints::new();
        let first = source(endpoint, &stream).checkpoints(store.clone()).connect().await.unwrap();
        let control = first.control();
        first.take(acked).map_ok(Message::ack).try_collect::<()>().await.unwrap();
        control.finished().await.unwrap();

        let resumed = rest(source(endpoint, &stream).checkpoints(store)).await;
        assert_eq!(resumed, all[acked..], "{acked} are acked");
    }
    stream.delete().await;
}

#[tokio::test]
async fn user_records_that_were_out_unacked_come_again_and_those_before_them_do_not() {
    let endpoint = Server::Local.shared();
    let (stream, all) = aggregates(endpoint).await;
    for unacked in 0..all.len() {
        let store = MemoryCheckpoints::new();
        let first = source(endpoint, &stream).checkpoints(store.clone());
        let first = first.drain_timeout(Duration::from_millis(1)).connect().await.unwrap();
        let control = first.control();
        let mut messages: Vec<_> = first.take(all.len()).try_collect().await.unwrap();
        let held = messages.remove(unacked);
        // The later ones first: the order of acks says nothing.
        messages.into_iter().rev().for_each(Message::ack);
        let error = control.finished().await.unwrap_err();
        assert!(error.to_string().contains("shardId-000000000000"), "{error}");
        drop(held);

        let resumed = rest(source(endpoint, &stream).checkpoints(store)).await;
        assert_eq!(resumed, all[unacked..], "{unacked} is not acked");
    }
    stream.delete().await;
}
