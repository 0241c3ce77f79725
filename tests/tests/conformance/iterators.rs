//! Where an iterator starts.

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use headwater_tests::{Endpoint, TestStream, eventually, explain};

use crate::answer::{assert_invalid, assert_refused};

pub(crate) const SHARD: &str = "shardId-000000000000";

pub(crate) async fn trim_horizon_starts_at_the_first_record(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "horizon").await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    assert_eq!(texts(&page(&stream, iterator).await), ["a", "b", "c"]);
    stream.delete().await;
}

pub(crate) async fn latest_sees_only_what_comes_later(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "latest").await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::Latest).await;
    stream.put("key", "d").await;
    assert_eq!(texts(&page(&stream, iterator).await), ["d"]);
    stream.delete().await;
}

pub(crate) async fn at_sequence_number_includes_the_record(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "at").await;
    let second = stream.read(SHARD, 3).await.remove(1).sequence_number;
    let iterator = by_sequence(&stream, ShardIteratorType::AtSequenceNumber, &second).await;
    assert_eq!(texts(&page(&stream, iterator).await), ["b", "c"]);
    stream.delete().await;
}

pub(crate) async fn after_sequence_number_leaves_the_record_out(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "after").await;
    let second = stream.read(SHARD, 3).await.remove(1).sequence_number;
    let iterator = by_sequence(&stream, ShardIteratorType::AfterSequenceNumber, &second).await;
    assert_eq!(texts(&page(&stream, iterator).await), ["c"]);
    stream.delete().await;
}

pub(crate) async fn at_timestamp_starts_at_the_first_record_that_is_no_older(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("timestamp", 1).await;
    let records = spread_over_time(&stream).await;
    let pivot = arrival_millis(records.last().expect("records"));
    let expected: Vec<_> = records.iter().filter(|record| arrival_millis(record) >= pivot).collect();
    assert!(expected.len() < records.len(), "the first record is older than the last");

    let iterator = by_time(&stream, DateTime::from_millis(pivot)).await;
    let read = page(&stream, iterator).await;
    assert_eq!(sequences(&read), sequences(expected));
    stream.delete().await;
}

pub(crate) async fn at_a_timestamp_before_the_stream_all_is_read(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "before").await;
    let iterator = by_time(&stream, DateTime::from_secs(1)).await;
    assert_eq!(texts(&page(&stream, iterator).await), ["a", "b", "c"]);
    stream.delete().await;
}

pub(crate) async fn at_a_timestamp_past_the_last_record_only_later_ones_are_read(
    endpoint: &'static Endpoint,
) {
    let stream = three_records(endpoint, "past").await;
    let past = DateTime::from_millis(arrival_millis(&stream.read(SHARD, 3).await[2]) + 1);
    // A time that has not come yet may be refused.
    eventually("that millisecond has passed", async || {
        (DateTime::from(std::time::SystemTime::now()) > past).then_some(())
    })
    .await;

    let iterator = by_time(&stream, past).await;
    stream.put("key", "d").await;
    assert_eq!(texts(&page(&stream, iterator).await), ["d"]);
    stream.delete().await;
}

pub(crate) async fn a_sequence_number_from_nowhere_is_refused(endpoint: &'static Endpoint) {
    let stream = three_records(endpoint, "nowhere").await;
    for sequence in ["1", "abc"] {
        let iterator = stream.client().get_shard_iterator().stream_name(stream.name()).shard_id(SHARD);
        let iterator = iterator.shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
        let iterator = iterator.starting_sequence_number(sequence).send().await;
        assert_invalid(&format!("iterate after {sequence}"), iterator);
    }
    stream.delete().await;
}

pub(crate) async fn an_iterator_from_nowhere_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("no-iterator", 1).await;
    let read = stream.client().get_records().shard_iterator("AAAAAAAAAAE=").send().await;
    assert_refused("read", read, "InvalidArgumentException");
    stream.delete().await;
}

pub(crate) async fn an_iterator_of_an_unknown_shard_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("no-shard", 1).await;
    let iterator =
        stream.client().get_shard_iterator().stream_name(stream.name()).shard_id("shardId-000000000009");
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
    assert_refused("iterate", iterator, "ResourceNotFoundException");
    stream.delete().await;
}

pub(crate) async fn an_iterator_can_be_used_again(endpoint: &'static Endpoint) {
    // A client whose answer was lost asks again with the same iterator.
    let stream = three_records(endpoint, "twice").await;
    let iterator = stream.iterator(SHARD, ShardIteratorType::TrimHorizon).await;
    let first = page(&stream, iterator.clone()).await;
    assert_eq!(sequences(&page(&stream, iterator).await), sequences(&first));
    stream.delete().await;
}

async fn three_records(endpoint: &Endpoint, name: &str) -> TestStream {
    let stream = endpoint.create_stream(name, 1).await;
    for data in ["a", "b", "c"] {
        stream.put("key", data).await;
    }
    stream
}

/// Puts records until two of them have arrived in different milliseconds.
pub(crate) async fn spread_over_time(stream: &TestStream) -> Vec<Record> {
    let mut count = 0;
    eventually("two records have different arrival times", async || {
        stream.put("key", "x").await;
        count += 1;
        let records = stream.read(SHARD, count).await;
        (arrival_millis(&records[0]) < arrival_millis(&records[count - 1])).then_some(records)
    })
    .await
}

/// When a record arrived, to the millisecond.
///
/// It travels as a binary fraction of seconds, which lies a little beside the millisecond that the server means.
pub(crate) fn arrival_millis(record: &Record) -> i64 {
    let arrival = record.approximate_arrival_timestamp.expect("an arrival time");
    (arrival.as_secs_f64() * 1000.0).round() as i64
}

/// The first page that holds records: a server may answer with an empty one first.
pub(crate) async fn page(stream: &TestStream, iterator: String) -> Vec<Record> {
    let mut iterator = Some(iterator);
    eventually("a page holds records", async || {
        let read = stream.client().get_records().set_shard_iterator(iterator.take()).send().await;
        let read = read.unwrap_or_else(|error| panic!("read: {}", explain(&error)));
        iterator = read.next_shard_iterator;
        (!read.records.is_empty()).then_some(read.records)
    })
    .await
}

fn texts(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| std::str::from_utf8(record.data.as_ref()).expect("text")).collect()
}

pub(crate) fn sequences<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<&'a str> {
    records.into_iter().map(Record::sequence_number).collect()
}

async fn by_sequence(stream: &TestStream, kind: ShardIteratorType, sequence: &str) -> String {
    let iterator = stream.client().get_shard_iterator().stream_name(stream.name()).shard_id(SHARD);
    let iterator = iterator.shard_iterator_type(kind).starting_sequence_number(sequence).send().await;
    iterator.expect("an iterator").shard_iterator.expect("an iterator")
}

async fn by_time(stream: &TestStream, time: DateTime) -> String {
    let iterator = stream.client().get_shard_iterator().stream_name(stream.name()).shard_id(SHARD);
    let iterator = iterator.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(time).send().await;
    iterator.expect("an iterator").shard_iterator.expect("an iterator")
}
