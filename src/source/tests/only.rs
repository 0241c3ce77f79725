//! A source that reads some of the shards.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::TryStreamExt;
use tokio::time::timeout;

use super::{LONG, filled, number, put, read_all, shard, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{SourceConfig, Until};
use crate::{ErrorKind, MemoryStream, ShardId};

/// A source of these shards alone, that ends at the tip.
fn only(shards: &[ShardId]) -> SourceConfig {
    SourceConfig { only_shards: shards.iter().cloned().collect(), ..until_tip(&MemoryCheckpoints::new()) }
}

/// The numbers that a stream holds in some of its shards.
fn held(stream: &MemoryStream, shards: &[ShardId]) -> BTreeSet<usize> {
    let records = stream.records().into_iter().filter(|record| shards.contains(&record.shard));
    records.map(|record| std::str::from_utf8(&record.payload).unwrap().parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_shards_that_were_named_are_read_and_no_others() {
    let stream = filled(4, 100);
    let wanted = [shard(1), shard(3)];
    let numbers = read_all(&stream, only(&wanted)).await;
    assert_eq!(numbers.len(), held(&stream, &wanted).len(), "none repeats");
    assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), held(&stream, &wanted));
    assert!(held(&stream, &wanted).len() < 100, "the others hold some too");
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_read_without_the_parent_that_was_not_named() {
    let stream = filled(1, 10);
    let [low, high] = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 40);
    let merged = stream.merge(&low, &high).unwrap();
    put(&stream, 40, 50);
    assert_eq!(read_all(&stream, only(&[merged])).await, (40..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_named_child_waits_for_its_named_parent() {
    let stream = filled(1, 10);
    let [low, _] = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 40);
    let numbers = read_all(&stream, only(&[shard(0), low.clone()])).await;
    assert_eq!(numbers[..10], (0..10).collect::<Vec<_>>());
    assert_eq!(numbers[10..].iter().copied().collect::<BTreeSet<_>>(), held(&stream, &[low]));
}

#[tokio::test(start_paused = true)]
async fn the_source_ends_with_the_named_shards_and_never_reads_their_children() {
    let stream = filled(1, 10);
    let config =
        SourceConfig { until: Until::Forever, refresh_interval: Duration::from_secs(1), ..only(&[shard(0)]) };
    let source = stream.source_with(config).await.unwrap();
    source.control().ready().await.unwrap();
    stream.split(&shard(0)).unwrap();
    put(&stream, 10, 40);
    let reading = source.map_ok(|message| (number(&message), message.ack()).0).try_collect::<Vec<_>>();
    let numbers = timeout(LONG, reading).await.expect("it ends with its shard").unwrap();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_shard_that_does_not_exist_is_named_with_those_that_do() {
    let config = SourceConfig { only_shards: BTreeSet::from(["shard-7".into()]), ..SourceConfig::default() };
    let error = MemoryStream::new("orders", 12).source_with(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let told = error.to_string();
    let start = "only_shards \"shard-7\": stream \"orders\" has no such shard; it has shardId-000000000000, ";
    assert!(told.starts_with(start) && told.ends_with("shardId-000000000009 and 2 more"), "{told}");
}
