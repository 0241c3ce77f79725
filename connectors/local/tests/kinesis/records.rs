//! Writing and reading.

use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::LocalKinesis;

use crate::{FIRST, client, entry, iterator, read, shard_id};

#[tokio::test]
async fn what_is_written_is_read_in_order_with_rising_sequence_numbers() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let entries = (0..500).map(|index: u32| entry(&format!("k{index}"), &index.to_be_bytes())).collect();
    let put = client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    assert_eq!(put.failed_record_count, Some(0));

    let page = read(&client, iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await).await;
    assert_eq!(page.millis_behind_latest, Some(0));
    assert_eq!(page.records.len(), 500);
    for (index, (record, stored)) in page.records.iter().zip(&put.records).enumerate() {
        assert_eq!(record.data.as_ref(), u32::try_from(index).unwrap().to_be_bytes());
        assert_eq!(record.partition_key.as_deref(), Some(&*format!("k{index}")));
        assert_eq!(Some(&record.sequence_number), stored.sequence_number.as_ref());
        assert_eq!(record.sequence_number.len(), 56);
    }
    assert!(page.records.is_sorted_by(|a, b| a.sequence_number < b.sequence_number));
}

#[tokio::test]
async fn keys_go_where_their_md5_falls_and_hash_keys_where_they_say() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let client = client(&local);
    // md5("a") begins with 0c, md5("b") with 92: the first and the third quarter.
    for (key, shard) in [("a", 0), ("b", 2)] {
        let put = client.put_record().stream_name("orders").partition_key(key).data(b"x"[..].into());
        assert_eq!(put.send().await.unwrap().shard_id, shard_id(shard));
    }
    for (index, shard) in local.shards("orders").unwrap().into_iter().enumerate() {
        for hash_key in [shard.starting_hash_key, shard.ending_hash_key] {
            let put = client.put_record().stream_name("orders").partition_key("a").data(b"x"[..].into());
            let put = put.explicit_hash_key(hash_key.to_string()).send().await.unwrap();
            assert_eq!(put.shard_id, shard_id(index));
        }
    }
    let explicit: Vec<_> = local.records("orders").unwrap();
    assert_eq!(explicit.iter().filter(|record| record.explicit_hash_key.is_some()).count(), 8);
}

#[tokio::test]
async fn sequence_numbers_are_unique_in_a_stream() {
    let local = LocalKinesis::builder().stream("orders", 3).build();
    let client = client(&local);
    for _ in 0..3 {
        let entries = (0..100).map(|index| entry(&format!("k{index}"), b"x")).collect();
        client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    }
    let numbers: std::collections::BTreeSet<String> =
        local.records("orders").unwrap().into_iter().map(|record| record.sequence_number).collect();
    assert_eq!(numbers.len(), 300);
}

#[tokio::test]
async fn an_arn_names_a_stream_of_this_account_and_region_only() {
    let local = LocalKinesis::builder().region("eu-west-1").stream("orders", 1).build();
    let client = client(&local);
    let arn = local.stream_arn("orders").unwrap();
    assert_eq!(arn, "arn:aws:kinesis:eu-west-1:000000000000:stream/orders");
    let put =
        |arn: String| client.put_record().stream_arn(arn).partition_key("k").data(b"x"[..].into()).send();
    put(arn.clone()).await.unwrap();
    for other in [arn.replace("eu-west-1", "us-east-1"), arn.replace("000000000000", "111111111111")] {
        assert_eq!(crate::code(put(other).await), "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_page_holds_at_most_ten_mebibytes() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let data = vec![7; 1024 * 1024 - 1];
    for _ in 0..12 {
        local.put("orders", "k", &data).unwrap();
    }
    let first = read(&client, iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await).await;
    assert_eq!(first.records.len(), 10);
    assert!(first.millis_behind_latest.unwrap() > 0);
    let second = read(&client, first.next_shard_iterator.unwrap()).await;
    assert_eq!(second.records.len(), 2);
    assert_eq!(second.millis_behind_latest, Some(0));
}

#[tokio::test(start_paused = true)]
async fn millis_behind_latest_is_the_age_of_what_was_reached() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    for data in ["a", "b", "c"] {
        local.put("orders", "k", data).unwrap();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
    let start = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    let mut behind = Vec::new();
    let mut next = start;
    for _ in 0..3 {
        let page = client.get_records().shard_iterator(&next).limit(1).send().await.unwrap();
        behind.push(page.millis_behind_latest.unwrap());
        next = page.next_shard_iterator.unwrap();
    }
    assert_eq!(behind, [3000, 2000, 0]);
}

#[tokio::test(start_paused = true)]
async fn records_and_closed_shards_leave_when_their_retention_has_passed() {
    let hour = std::time::Duration::from_hours(1);
    let local = LocalKinesis::builder().stream("orders", 1).retention(hour).build();
    let client = client(&local);
    local.put("orders", "k", "old").unwrap();
    local.split_shard("orders", FIRST).unwrap();
    tokio::time::advance(hour / 2).await;
    let young = local.put("orders", "k", "young").unwrap();
    let old = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    assert_eq!(read(&client, &old).await.records.len(), 1);
    tokio::time::advance(hour / 2 + std::time::Duration::from_secs(1)).await;

    assert_eq!(local.records("orders").unwrap(), [young]);
    let ids: Vec<String> = local.shards("orders").unwrap().into_iter().map(|shard| shard.shard_id).collect();
    assert_eq!(ids, [shard_id(1), shard_id(2)]);
    let gone = client.get_shard_iterator().stream_name("orders").shard_id(FIRST);
    let gone = gone.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
    assert_eq!(crate::code(gone), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_bounded_shard_drops_its_oldest_records() {
    let local = LocalKinesis::builder().stream("orders", 1).max_bytes_per_shard(100).build();
    for index in 0..20_u8 {
        local.put("orders", "k", [index; 9]).unwrap();
    }
    let kept = local.records("orders").unwrap();
    assert_eq!(kept.len(), 10);
    assert_eq!(kept[0].data[0], 10);
}

#[tokio::test]
async fn a_reader_of_trimmed_records_goes_on_with_the_oldest_one() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let written: Vec<_> = ["a", "b", "c"].map(|data| local.put("orders", "k", data).unwrap()).into();
    let at = client.get_shard_iterator().stream_name("orders").shard_id(FIRST);
    let at = at.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
    let at = at.starting_sequence_number(&written[0].sequence_number).send().await.unwrap();
    local.trim("orders", FIRST, &written[1].sequence_number).unwrap();
    assert_eq!(crate::texts(&read(&client, at.shard_iterator.unwrap()).await), ["c"]);
}
