//! The same promises on every server.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use headwater::checkpoint::MemoryCheckpoints;
use headwater::source::Until;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_tests::{Endpoint, Server, TestStream};

use crate::collect::{Seen, numbers, read};
use crate::numbered::put_to;

/// A source of a test's stream that ends at the tip.
fn source(endpoint: &Endpoint, stream: &TestStream) -> KinesisSourceBuilder {
    KinesisSource::builder(stream.name())
        .sdk_config(endpoint.sdk_config())
        .until(Until::Tip)
        .unpaced()
        .commit_interval(Duration::from_millis(50))
}

async fn every_record_of_every_shard_is_read_in_order(server: Server) {
    let endpoint = server.shared();
    let stream = endpoint.create_stream("read", 3).await;
    put_to(&stream, 0..60).await;
    let seen = read(source(endpoint, &stream).connect().await.unwrap()).await.unwrap();
    assert_eq!(numbers(&seen), (0..60).collect::<Vec<_>>());
    let mut last: HashMap<String, usize> = HashMap::new();
    for Seen { key, text, .. } in seen {
        let number = text.parse().unwrap();
        assert!(last.insert(key, number).is_none_or(|before| before < number));
    }
}

async fn resuming_repeats_no_acked_record(server: Server) {
    let endpoint = server.shared();
    let stream = endpoint.create_stream("resume", 2).await;
    let store = MemoryCheckpoints::new();
    put_to(&stream, 0..20).await;
    let first = source(endpoint, &stream).checkpoints(store.clone()).connect().await.unwrap();
    assert_eq!(numbers(&read(first).await.unwrap()), (0..20).collect::<Vec<_>>());
    put_to(&stream, 20..30).await;
    let second = source(endpoint, &stream).checkpoints(store).connect().await.unwrap();
    assert_eq!(numbers(&read(second).await.unwrap()), (20..30).collect::<Vec<_>>());
}

async fn a_reshard_loses_nothing_and_reads_both_parents_first(server: Server) {
    let endpoint = server.shared();
    let stream = endpoint.create_stream("reshard", 1).await;
    let reader = source(endpoint, &stream).until(Until::Forever).connect().await.unwrap();
    let control = reader.control();
    control.ready().await.unwrap();

    let reading = tokio::spawn(reader.take(100).map(|message| message.map(Seen::from)).collect::<Vec<_>>());
    put_to(&stream, 0..20).await;
    let halves = split(&stream, "shardId-000000000000").await;
    put_to(&stream, 20..40).await;
    // A child is split before its parents' records can all have been read.
    let quarters = split(&stream, &halves[0]).await;
    put_to(&stream, 40..60).await;
    let merged = merge(&stream, &quarters[1], &halves[1]).await;
    put_to(&stream, 60..100).await;

    let seen: Vec<Seen> = reading.await.unwrap().into_iter().collect::<Result<_, _>>().unwrap();
    control.finished().await.unwrap();
    assert_eq!(numbers(&seen), (0..100).collect::<Vec<_>>());
    let first = |shard: &str| seen.iter().position(|seen| seen.shard == shard);
    let last = |shard: &str| seen.iter().rposition(|seen| seen.shard == shard);
    for (child, parent) in [
        (&halves[0], "shardId-000000000000"),
        (&halves[1], "shardId-000000000000"),
        (&quarters[0], &halves[0]),
        (&quarters[1], &halves[0]),
        (&merged, &quarters[1]),
        (&merged, &halves[1]),
    ] {
        if let (Some(child), Some(parent)) = (first(child), last(parent)) {
            assert!(parent < child, "{child} was read before {parent} was finished");
        }
    }
}

/// Splits a shard in the middle and returns its children.
async fn split(stream: &TestStream, shard: &str) -> Vec<String> {
    let shards = stream.shards().await;
    let range = shards.iter().find(|s| s.shard_id == shard).unwrap().hash_key_range.clone().unwrap();
    let (low, high): (u128, u128) =
        (range.starting_hash_key.parse().unwrap(), range.ending_hash_key.parse().unwrap());
    let middle = low + (high - low) / 2 + 1;
    let call = stream.client().split_shard().stream_name(stream.name()).shard_to_split(shard);
    call.new_starting_hash_key(middle.to_string()).send().await.unwrap();
    stream.active().await;
    children(stream, shard).await
}

async fn merge(stream: &TestStream, low: &str, high: &str) -> String {
    let call = stream.client().merge_shards().stream_name(stream.name());
    call.shard_to_merge(low).adjacent_shard_to_merge(high).send().await.unwrap();
    stream.active().await;
    children(stream, low).await.remove(0)
}

/// The children of a shard, by the order of their hash keys.
async fn children(stream: &TestStream, parent: &str) -> Vec<String> {
    let mut children: Vec<_> = stream
        .shards()
        .await
        .into_iter()
        .filter(|shard| [shard.parent_shard_id(), shard.adjacent_parent_shard_id()].contains(&Some(parent)))
        .map(|shard| {
            let range = shard.hash_key_range.unwrap();
            (range.starting_hash_key.parse::<u128>().unwrap(), shard.shard_id)
        })
        .collect();
    children.sort_unstable();
    children.into_iter().map(|(_, id)| id).collect()
}

macro_rules! on_every_server {
    ($($test:ident)*) => {
        mod ours {
            $(#[tokio::test] async fn $test() { super::$test(headwater_tests::Server::Local).await; })*
        }
        mod kinesalite {
            $(#[tokio::test] async fn $test() { super::$test(headwater_tests::Server::Kinesalite).await; })*
        }
        mod kinesis_local {
            $(#[tokio::test] async fn $test() { super::$test(headwater_tests::Server::KinesisLocal).await; })*
        }
    };
}

on_every_server! {
    every_record_of_every_shard_is_read_in_order
    resuming_repeats_no_acked_record
    a_reshard_loses_nothing_and_reads_both_parents_first
}
