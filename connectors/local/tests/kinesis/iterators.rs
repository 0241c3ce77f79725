//! Where an iterator begins and how long it lives.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::{LocalKinesis, StoredRecord};

use crate::{FIRST, client, code, iterator, read, texts};

/// Three records, a second apart.
async fn three_records(local: &LocalKinesis) -> Vec<StoredRecord> {
    let mut records = Vec::new();
    for data in ["a", "b", "c"] {
        records.push(local.put("orders", "k", data).unwrap());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    records
}

fn ask(client: &Client, kind: ShardIteratorType) -> GetShardIteratorFluentBuilder {
    client.get_shard_iterator().stream_name("orders").shard_id(FIRST).shard_iterator_type(kind)
}

async fn rest(client: &Client, call: GetShardIteratorFluentBuilder) -> Vec<String> {
    texts(&read(client, call.send().await.unwrap().shard_iterator.unwrap()).await)
}

#[tokio::test(start_paused = true)]
async fn each_type_begins_where_it_says() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let records = three_records(&local).await;
    let second = &records[1].sequence_number;

    assert_eq!(rest(&client, ask(&client, ShardIteratorType::TrimHorizon)).await, ["a", "b", "c"]);
    let at = ask(&client, ShardIteratorType::AtSequenceNumber).starting_sequence_number(second);
    assert_eq!(rest(&client, at).await, ["b", "c"]);
    let after = ask(&client, ShardIteratorType::AfterSequenceNumber).starting_sequence_number(second);
    assert_eq!(rest(&client, after).await, ["c"]);
    let latest = iterator(&client, "orders", FIRST, ShardIteratorType::Latest).await;
    local.put("orders", "k", "d").unwrap();
    assert_eq!(texts(&read(&client, latest).await), ["d"]);
}

#[tokio::test(start_paused = true)]
async fn timestamps_count_to_the_millisecond() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let records = three_records(&local).await;
    let second = records[1].arrival;
    let millisecond = Duration::from_millis(1);
    for (at, expected) in [
        (second, &["b", "c"][..]),
        (second + millisecond, &["c"]),
        (second - millisecond, &["b", "c"]),
        (std::time::UNIX_EPOCH, &["a", "b", "c"]),
        (records[2].arrival + millisecond, &[]),
    ] {
        let call = ask(&client, ShardIteratorType::AtTimestamp).timestamp(DateTime::from(at));
        assert_eq!(rest(&client, call).await, expected, "{at:?}");
    }
    let future = ask(&client, ShardIteratorType::AtTimestamp)
        .timestamp(DateTime::from(second + Duration::from_hours(1)));
    assert_eq!(code(future.send().await), "InvalidArgumentException");
}

#[tokio::test(start_paused = true)]
async fn only_this_shards_sequence_numbers_are_good() {
    let local = LocalKinesis::builder().stream("orders", 2).stream("others", 1).build();
    let client = client(&local);
    let other_shard = local.put_at("orders", "k", u128::MAX, "x").unwrap().sequence_number;
    tokio::time::advance(Duration::from_secs(1)).await;
    local.delete_stream("others").unwrap();
    local.create_stream("others", 1).unwrap();
    let other_stream = local.put("others", "k", "x").unwrap().sequence_number;
    for (sequence, expected) in [
        (other_shard.as_str(), "InvalidArgumentException"),
        (other_stream.as_str(), "InvalidArgumentException"),
        ("1", "InvalidArgumentException"),
        ("abc", "ValidationException"),
        ("01", "ValidationException"),
    ] {
        let call = ask(&client, ShardIteratorType::AfterSequenceNumber).starting_sequence_number(sequence);
        assert_eq!(code(call.send().await), expected, "{sequence}");
    }
    let missing = ask(&client, ShardIteratorType::AtSequenceNumber).send().await;
    assert_eq!(code(missing), "InvalidArgumentException");
}

#[tokio::test]
async fn the_starting_and_ending_numbers_of_a_shard_are_good() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    local.put("orders", "k", "a").unwrap();
    local.split_shard("orders", FIRST).unwrap();
    let shards = client.list_shards().stream_name("orders").send().await.unwrap().shards.unwrap();
    let range = shards[0].sequence_number_range().unwrap();
    let from =
        |number: &str| ask(&client, ShardIteratorType::AtSequenceNumber).starting_sequence_number(number);
    assert_eq!(rest(&client, from(range.starting_sequence_number())).await, ["a"]);
    let end: Vec<String> = Vec::new();
    assert_eq!(rest(&client, from(range.ending_sequence_number().unwrap())).await, end);
}

#[tokio::test(start_paused = true)]
async fn iterators_expire_after_their_lifetime_or_on_demand() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let get = |iterator: &str| client.get_records().shard_iterator(iterator).send();

    let aged = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    tokio::time::advance(Duration::from_secs(299)).await;
    get(&aged).await.unwrap();
    get(&aged).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(code(get(&aged).await), "ExpiredIteratorException");

    let told = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    local.expire_iterators();
    assert_eq!(code(get(&told).await), "ExpiredIteratorException");
    let fresh = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    get(&fresh).await.unwrap();
}

#[tokio::test]
async fn an_iterator_does_not_read_another_stream_of_the_same_name() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let old = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    local.delete_stream("orders").unwrap();
    let get = |iterator: &str| client.get_records().shard_iterator(iterator).send();
    assert_eq!(code(get(&old).await), "ResourceNotFoundException");
    local.create_stream("orders", 1).unwrap();
    assert_eq!(code(get(&old).await), "InvalidArgumentException");
    assert_eq!(code(get("AAAAAAAAAAE=").await), "InvalidArgumentException");
}
