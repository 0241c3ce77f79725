//! What is refused before it has any effect.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use headwater_local::LocalKinesis;

use crate::{FIRST, client, code, entry};

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn put_records_takes_1_to_500_entries() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    for (count, accepted) in [(0, false), (500, true), (501, false)] {
        let entries = (0..count).map(|_| entry("k", b"x")).collect();
        let answer = client.put_records().stream_name("orders").set_records(Some(entries)).send().await;
        if accepted {
            answer.unwrap();
        } else {
            assert_eq!(code(answer), "ValidationException", "{count}");
        }
    }
    assert_eq!(local.record_count("orders").unwrap(), 500);
}

#[tokio::test]
async fn put_records_takes_ten_mebibytes_keys_included() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let put = |last: usize| {
        let mut entries: Vec<PutRecordsRequestEntry> =
            (0..9).map(|_| entry("k", &vec![7; MEBIBYTE - 1])).collect();
        entries.push(entry("key", &vec![7; last]));
        client.put_records().stream_name("orders").set_records(Some(entries)).send()
    };
    put(MEBIBYTE - 3).await.unwrap();
    let mut entries: Vec<_> = (0..10).map(|_| entry("k", &vec![7; MEBIBYTE - 1])).collect();
    entries.push(entry("k", b""));
    let over = client.put_records().stream_name("orders").set_records(Some(entries)).send().await;
    assert_eq!(code(over), "InvalidArgumentException");
}

#[tokio::test]
async fn a_record_is_as_large_as_its_stream_allows() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let put = |size: usize| {
        client.put_record().stream_name("orders").partition_key("k").data(Blob::new(vec![7; size])).send()
    };
    put(MEBIBYTE - 1).await.unwrap();
    assert_eq!(code(put(MEBIBYTE).await), "InvalidArgumentException");

    let arn = local.stream_arn("orders").unwrap();
    let update = |kib| client.update_max_record_size().stream_arn(&arn).max_record_size_in_kib(kib).send();
    assert_eq!(code(update(1023).await), "ValidationException");
    assert_eq!(code(update(10_241).await), "ValidationException");
    update(10_240).await.unwrap();
    put(10 * MEBIBYTE - 1).await.unwrap();
    assert_eq!(code(put(10 * MEBIBYTE).await), "ValidationException");
    let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    assert_eq!(summary.stream_description_summary.unwrap().max_record_size_in_kib, Some(10_240));
}

#[tokio::test]
async fn partition_keys_have_1_to_256_characters() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let put = |key: String| {
        client.put_record().stream_name("orders").partition_key(key).data(b"x"[..].into()).send()
    };
    put("é".repeat(256)).await.unwrap();
    assert_eq!(code(put(String::new()).await), "ValidationException");
    assert_eq!(code(put("é".repeat(257)).await), "ValidationException");
    assert_eq!(local.records("orders").unwrap()[0].partition_key, "é".repeat(256));
}

#[tokio::test]
async fn explicit_hash_keys_are_decimal_numbers_of_128_bits() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let over = "340282366920938463463374607431768211456";
    for (key, expected) in [
        (over, "InvalidArgumentException"),
        ("abc", "ValidationException"),
        ("-1", "ValidationException"),
        ("0x10", "ValidationException"),
        ("", "ValidationException"),
    ] {
        let put = client.put_record().stream_name("orders").partition_key("k").explicit_hash_key(key);
        assert_eq!(code(put.data(b"x"[..].into()).send().await), expected, "{key:?}");
    }
}

#[tokio::test]
async fn one_bad_entry_refuses_the_request_and_stores_nothing() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let put = client.put_records().stream_name("orders").records(entry("k", b"x")).records(entry("", b"x"));
    assert_eq!(code(put.send().await), "ValidationException");
    assert_eq!(local.record_count("orders").unwrap(), 0);
}

#[tokio::test]
async fn limits_are_within_their_ranges() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    for limit in [0, 10_001] {
        let get = client.get_records().shard_iterator("x").limit(limit).send().await;
        assert_eq!(code(get), "ValidationException");
        let list = client.list_shards().stream_name("orders").max_results(limit).send().await;
        assert_eq!(code(list), "ValidationException");
        let describe = client.describe_stream().stream_name("orders").limit(limit).send().await;
        assert_eq!(code(describe), "ValidationException");
    }
}

#[tokio::test]
async fn names_follow_their_patterns() {
    let local = LocalKinesis::builder().stream("orders", 1).shard_limit(3).build();
    let client = client(&local);
    for name in ["", "a b", "é", &"x".repeat(129)] {
        let create = client.create_stream().stream_name(name).shard_count(1).send().await;
        assert_eq!(code(create), "ValidationException", "{name:?}");
    }
    let create = |name: &str, shards| client.create_stream().stream_name(name).shard_count(shards).send();
    assert_eq!(code(create("a", 0).await), "ValidationException");
    assert_eq!(code(create("a", 3).await), "LimitExceededException");
    assert_eq!(code(create("orders", 1).await), "ResourceInUseException");
    create("a", 2).await.unwrap();

    let shard = |id: &str| {
        let call = client.get_shard_iterator().stream_name("orders").shard_id(id);
        call.shard_iterator_type(aws_sdk_kinesis::types::ShardIteratorType::Latest).send()
    };
    shard(FIRST).await.unwrap();
    assert_eq!(code(shard("shardId-000000000009").await), "ResourceNotFoundException");
    assert_eq!(code(shard("a b").await), "ValidationException");
}

#[tokio::test]
async fn a_denied_access_key_is_not_recognized() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let list = || client.list_shards().stream_name("orders").send();
    list().await.unwrap();
    local.deny_access_key("local");
    assert_eq!(code(list().await), "UnrecognizedClientException");
    local.allow_access_key("local");
    list().await.unwrap();
}
