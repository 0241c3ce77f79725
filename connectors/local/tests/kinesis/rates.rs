//! The limits of shards.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::{LocalKinesis, ShardRates};

use crate::{FIRST, client, code, entry, iterator, shard_id};

const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// Puts so many small records into the first shard and returns how many were refused.
async fn refused(client: &Client, count: usize) -> usize {
    let entries = (0..count).map(|_| entry("k", b"x")).collect();
    let put = client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    let failed: Vec<_> = put.records.iter().filter_map(|entry| entry.error_code.as_deref()).collect();
    assert!(failed.iter().all(|code| *code == THROTTLED));
    assert_eq!(put.failed_record_count, i32::try_from(failed.len()).ok());
    failed.len()
}

#[tokio::test(start_paused = true)]
async fn a_shard_takes_a_thousand_records_a_second() {
    let local = LocalKinesis::builder().stream("orders", 1).rates(ShardRates::aws()).build();
    let client = client(&local);
    assert_eq!(refused(&client, 500).await, 0);
    assert_eq!(refused(&client, 500).await, 0);
    assert_eq!(refused(&client, 500).await, 500);
    tokio::time::advance(Duration::from_millis(200)).await;
    assert_eq!(refused(&client, 500).await, 300);
    local.rates().clear();
    assert_eq!(refused(&client, 500).await, 0);
    assert_eq!(local.counters().entries_failed(), 800);
    assert_eq!(local.counters().entries_accepted(), 1700);
}

#[tokio::test(start_paused = true)]
async fn a_shard_takes_a_mebibyte_a_second() {
    let local = LocalKinesis::builder().stream("orders", 1).rates(ShardRates::aws()).build();
    let client = client(&local);
    let put = |size: usize| {
        let put = client.put_record().stream_name("orders").partition_key("k");
        put.data(vec![7; size].into()).send()
    };
    put(1024 * 1024 - 1).await.unwrap();
    assert_eq!(code(put(1).await), THROTTLED);
    tokio::time::advance(Duration::from_millis(100)).await;
    put(100_000).await.unwrap();
    assert_eq!(code(put(100_000).await), THROTTLED);
}

#[tokio::test(start_paused = true)]
async fn a_shard_answers_five_reads_a_second() {
    let local = LocalKinesis::builder().stream("orders", 1).rates(ShardRates::aws()).build();
    let client = client(&local);
    let start = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    let get = || client.get_records().shard_iterator(&start).send();
    for _ in 0..5 {
        get().await.unwrap();
    }
    assert_eq!(code(get().await), THROTTLED);
    tokio::time::advance(Duration::from_millis(200)).await;
    get().await.unwrap();
    assert_eq!(code(get().await), THROTTLED);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_ten_mebibytes_stops_reads_for_five_seconds() {
    let local = LocalKinesis::builder().stream("orders", 1).rates(ShardRates::aws()).build();
    let client = client(&local);
    for _ in 0..10 {
        local.put("orders", "k", vec![7; 1024 * 1024 - 1]).unwrap();
    }
    let start = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    let get = || client.get_records().shard_iterator(&start).limit(10).send();
    assert_eq!(get().await.unwrap().records.len(), 10);
    tokio::time::advance(Duration::from_millis(3_900)).await;
    assert_eq!(code(get().await), THROTTLED);
    tokio::time::advance(Duration::from_millis(1_100)).await;
    get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_shard_can_have_limits_of_its_own() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let client = client(&local);
    let slow = ShardRates { write_records_per_second: Some(1), ..ShardRates::UNLIMITED };
    local.rates().set_shard("orders", &shard_id(1), slow);
    // md5("a") falls into the lower half, md5("b") into the upper.
    let entries = ["a", "b", "a", "b"].map(|key| entry(key, b"x"));
    let put =
        client.put_records().stream_name("orders").set_records(Some(entries.into())).send().await.unwrap();
    let failed: Vec<bool> = put.records.iter().map(|entry| entry.error_code.is_some()).collect();
    assert_eq!(failed, [false, false, false, true]);
    let message = put.records[3].error_message.as_deref().unwrap();
    let expected =
        "Rate exceeded for shard shardId-000000000001 in stream orders under account 000000000000.";
    assert_eq!(message, expected);
}
