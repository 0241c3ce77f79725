//! Each record once, in the order of its shard, from where the last start left off.

use std::collections::HashMap;
use std::time::Duration;

use futures::TryStreamExt;

use super::{filled, number, put, read_all, shard, until_tip};
use crate::ShardId;
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{SourceConfig, Start};

#[tokio::test(start_paused = true)]
async fn every_record_of_every_shard_arrives_once_and_in_the_order_of_its_shard() {
    let stream = filled(4, 1_000);
    let source = stream.source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    let mut last: HashMap<ShardId, usize> = HashMap::new();
    let mut count = 0;
    let mut source = std::pin::pin!(source);
    while let Some(message) = source.try_next().await.unwrap() {
        let number = number(&message);
        let before = last.insert(message.origin().unwrap().shard().clone(), number);
        assert!(before.is_none_or(|before| before < number));
        message.ack();
        count += 1;
    }
    assert_eq!(count, 1_000);
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_long_page_knows_the_record_that_it_came_in() {
    let stream = filled(1, 1_000);
    let mut source = stream.source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    for record in stream.records() {
        let message = source.try_next().await.unwrap().unwrap();
        let origin = message.origin().unwrap();
        assert_eq!((origin.sequence(), message.payload()), (&record.sequence, &record.payload));
        message.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn resuming_repeats_no_acked_record() {
    let (stream, store) = (filled(3, 300), MemoryCheckpoints::new());
    assert_eq!(read_all(&stream, until_tip(&store)).await.len(), 300);
    put(&stream, 300, 310);
    let mut second = read_all(&stream, until_tip(&store)).await;
    second.sort_unstable();
    assert_eq!(second, (300..310).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_restart_at_latest_does_not_jump_over_what_came_in_between() {
    let (stream, store) = (filled(2, 10), MemoryCheckpoints::new());
    tokio::time::advance(Duration::from_secs(1)).await;
    let latest = SourceConfig { start: Start::Latest, ..until_tip(&store) };
    assert!(read_all(&stream, latest.clone()).await.is_empty(), "nothing new yet");
    put(&stream, 10, 20);
    let mut numbers = read_all(&stream, latest).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (10..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_start_sequence_is_read_inclusively() {
    let stream = filled(1, 10);
    let start_shards = HashMap::from([(shard(0), "8".into())]);
    let config = SourceConfig { start_shards, ..until_tip(&MemoryCheckpoints::new()) };
    assert_eq!(read_all(&stream, config).await, [7, 8, 9]);
}
