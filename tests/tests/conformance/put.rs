//! Putting records.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Shard};
use headwater_tests::{Endpoint, TestStream, explain};
use md5::{Digest, Md5};

use crate::answer::assert_invalid;
use crate::reshard::range;

const MEBIBYTE: usize = 1024 * 1024;

pub(crate) async fn a_key_lands_on_the_shard_that_its_md5_falls_in(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("md5", 4).await;
    let shards = stream.shards().await;
    let keys: Vec<_> =
        (0..40).map(|n| format!("key-{n}")).chain(["ключ".to_owned(), "鍵".to_owned()]).collect();

    let answer = put(&stream, keys.iter().map(|key| entry(key, "x"))).await;
    for (key, answer) in keys.iter().zip(answer.records()) {
        let hash = u128::from_be_bytes(Md5::digest(key).into());
        assert_eq!(answer.shard_id(), Some(owner(&shards, hash)), "{key}");
    }
    stream.delete().await;
}

pub(crate) async fn an_explicit_hash_key_overrides_the_key(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("explicit", 4).await;
    for shard in stream.shards().await {
        let (start, end) = range(&shard);
        for hash in [start, end] {
            let put = stream.client().put_record().stream_name(stream.name()).partition_key("same");
            let put = put.explicit_hash_key(hash.to_string()).data(vec![1].into()).send().await.expect("put");
            assert_eq!(put.shard_id, shard.shard_id, "{hash}");
        }
    }
    stream.delete().await;
}

pub(crate) async fn sequence_numbers_of_a_key_grow(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("grow", 1).await;
    let start =
        stream.shards().await.remove(0).sequence_number_range.expect("a range").starting_sequence_number;
    let mut last = start;
    for n in 0..20 {
        let (_, sequence) = stream.put("key", [n]).await;
        assert!(sequence.bytes().all(|byte| byte.is_ascii_digit()), "{sequence} is no decimal number");
        assert!(!sequence.starts_with('0'), "{sequence} has a leading zero");
        assert!((last.len(), &last) < (sequence.len(), &sequence), "{last} came before {sequence}");
        last = sequence;
    }
    stream.delete().await;
}

pub(crate) async fn put_records_answers_each_entry_in_order(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("order", 3).await;
    let data: Vec<_> = (0..30).map(|n| format!("record {n}")).collect();
    let answer = put(&stream, data.iter().map(|data| entry(data, data.as_str()))).await;
    assert_eq!(answer.failed_record_count, Some(0));
    assert_eq!(answer.records().len(), data.len());

    let entries = data.iter().zip(answer.records());
    let mut by_sequence: HashMap<_, _> =
        entries.map(|(data, entry)| (entry.sequence_number.clone(), data)).collect();
    for shard in stream.shards().await {
        let here = answer.records().iter().filter(|entry| entry.shard_id() == Some(shard.shard_id())).count();
        for record in stream.read(&shard.shard_id, here).await {
            let data = by_sequence.remove(&Some(record.sequence_number)).expect("an entry had this answer");
            assert_eq!(record.data.as_ref(), data.as_bytes());
        }
    }
    assert!(by_sequence.is_empty(), "answered but not stored: {by_sequence:?}");
    stream.delete().await;
}

pub(crate) async fn a_record_keeps_its_bytes_and_its_key(endpoint: &'static Endpoint) {
    const KEY: &str = "clé \u{1f511} \"\\";
    let stream = endpoint.create_stream("bytes", 1).await;
    let all_bytes: Vec<u8> = (0..=255).collect();
    let (shard, sequence) = stream.put(KEY, all_bytes.clone()).await;
    let record = stream.read(&shard, 1).await.remove(0);
    assert_eq!(record.partition_key(), Some(KEY));
    assert_eq!(record.data.as_ref(), all_bytes);
    assert_eq!(record.sequence_number, sequence);
    stream.delete().await;
}

pub(crate) async fn a_record_bears_the_time_of_its_arrival(endpoint: &'static Endpoint) {
    // The server's clock is this machine's; half of the allowance is for servers that round to a second.
    const ALLOWANCE: Duration = Duration::from_secs(1);
    let stream = endpoint.create_stream("arrival", 1).await;
    let before = SystemTime::now();
    let (shard, _) = stream.put("key", "x").await;
    let after = SystemTime::now();

    let record = stream.read(&shard, 1).await.remove(0);
    let arrival = record.approximate_arrival_timestamp.expect("an arrival time");
    let arrival = SystemTime::try_from(arrival).expect("a time");
    assert!(
        before - ALLOWANCE <= arrival && arrival <= after + ALLOWANCE,
        "{before:?} {arrival:?} {after:?}"
    );
    stream.delete().await;
}

pub(crate) async fn five_hundred_records_are_accepted(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("500", 1).await;
    let answer = put(&stream, (0..500).map(|n| entry(&n.to_string(), "x"))).await;
    assert_eq!(answer.records().len(), 500);
    stream.delete().await;
}

pub(crate) async fn five_hundred_and_one_records_are_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("501", 1).await;
    let put = stream.client().put_records().stream_name(stream.name());
    let put = put.set_records(Some((0..501).map(|n| entry(&n.to_string(), "x")).collect()));
    assert_invalid("put 501 records", put.send().await);
    stream.delete().await;
}

pub(crate) async fn an_empty_request_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("empty", 1).await;
    let put = stream.client().put_records().stream_name(stream.name()).set_records(Some(Vec::new()));
    assert_invalid("put no records", put.send().await);
    stream.delete().await;
}

pub(crate) async fn an_empty_key_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("no-key", 1).await;
    let put = stream.client().put_record().stream_name(stream.name()).partition_key("").data(vec![1].into());
    assert_invalid("put with an empty key", put.send().await);
    stream.delete().await;
}

pub(crate) async fn a_key_of_256_characters_is_accepted(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("256", 1).await;
    // Characters count, not bytes: these are 512.
    let key = "é".repeat(256);
    let (shard, _) = stream.put(&key, "x").await;
    assert_eq!(stream.read(&shard, 1).await[0].partition_key(), Some(key.as_str()));
    stream.delete().await;
}

pub(crate) async fn a_key_of_257_characters_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("257", 1).await;
    let put = stream.client().put_record().stream_name(stream.name()).partition_key("k".repeat(257));
    assert_invalid("put with a key of 257 characters", put.data(vec![1].into()).send().await);
    stream.delete().await;
}

pub(crate) async fn an_explicit_hash_key_of_129_bits_is_refused(endpoint: &'static Endpoint) {
    explicit_hash_key_is_refused(endpoint, "340282366920938463463374607431768211456").await;
}

pub(crate) async fn an_explicit_hash_key_that_is_no_number_is_refused(endpoint: &'static Endpoint) {
    for text in ["abc", "-1", "0x10", ""] {
        explicit_hash_key_is_refused(endpoint, text).await;
    }
}

async fn explicit_hash_key_is_refused(endpoint: &Endpoint, text: &str) {
    let stream = endpoint.create_stream("bad-hash", 1).await;
    let put =
        stream.client().put_record().stream_name(stream.name()).partition_key("k").explicit_hash_key(text);
    assert_invalid(&format!("put with hash key {text:?}"), put.data(vec![1].into()).send().await);
    stream.delete().await;
}

pub(crate) async fn a_record_of_one_mebibyte_is_accepted(endpoint: &'static Endpoint) {
    // The key counts towards the limit.
    let stream = endpoint.create_stream("mebibyte", 1).await;
    let (shard, _) = stream.put("key", vec![7; MEBIBYTE - 3]).await;
    assert_eq!(stream.read(&shard, 1).await[0].data.as_ref().len(), MEBIBYTE - 3);
    stream.delete().await;
}

pub(crate) async fn a_record_over_one_mebibyte_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("too-large", 1).await;
    let put = stream.client().put_record().stream_name(stream.name()).partition_key("key");
    assert_invalid("put of 1 MiB and a byte", put.data(vec![7; MEBIBYTE + 1].into()).send().await);
    stream.delete().await;
}

pub(crate) async fn a_request_of_six_mebibytes_is_accepted(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("six", 1).await;
    let answer = put(&stream, (0..6).map(|n| entry(&n.to_string(), vec![7; MEBIBYTE - 1]))).await;
    assert_eq!(answer.records().len(), 6);
    stream.delete().await;
}

pub(crate) async fn a_request_over_ten_mebibytes_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("eleven", 1).await;
    let records = (0..11).map(|n| entry(&n.to_string(), vec![7; MEBIBYTE - 2])).collect();
    let put = stream.client().put_records().stream_name(stream.name()).set_records(Some(records));
    assert_invalid("put of 11 MiB", put.send().await);
    stream.delete().await;
}

fn entry(key: &str, data: impl Into<Vec<u8>>) -> PutRecordsRequestEntry {
    let entry = PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data));
    entry.build().expect("an entry with a key and data")
}

async fn put(stream: &TestStream, entries: impl Iterator<Item = PutRecordsRequestEntry>) -> PutRecordsOutput {
    let put = stream.client().put_records().stream_name(stream.name()).set_records(Some(entries.collect()));
    put.send().await.unwrap_or_else(|error| panic!("put records: {}", explain(&error)))
}

fn owner(shards: &[Shard], hash: u128) -> &str {
    let owner = shards.iter().find(|shard| {
        let (start, end) = range(shard);
        (start..=end).contains(&hash)
    });
    owner.expect("the shards cover every hash key").shard_id()
}
