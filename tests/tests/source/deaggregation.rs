//! What becomes of aggregates that lie on shards which do not own all their user records.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
use headwater::source::Until;
use headwater::{HashKey, Headers, Key, Position};
use headwater_kinesis::codec::Framing;
use headwater_kinesis::kpl::Kpl;
use headwater_kinesis::{Deaggregation, KinesisSource, KinesisSourceBuilder};
use headwater_local::LocalKinesis;
use headwater_tests::Server;

use crate::collect::{Seen, read};

const FIRST: &str = "shardId-000000000000";
/// The last hash key of the lower of two shards.
const MIDDLE: u128 = u128::MAX / 2;

fn source(local: &LocalKinesis, deaggregation: Deaggregation) -> KinesisSourceBuilder {
    let source = KinesisSource::builder("orders").client(local.client()).unpaced();
    source.deaggregation(deaggregation).until(Until::Tip)
}

/// An aggregate of one user record for each hash key, named after its place.
fn aggregate(hash_keys: &[u128]) -> Bytes {
    let mut frame = Kpl.open();
    for (place, hash) in hash_keys.iter().enumerate() {
        frame.push(
            &Key::from("key").hashed(HashKey::new(*hash)),
            place.to_string().as_bytes(),
            &Headers::new(),
        );
    }
    frame.finish()
}

fn texts(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| &*seen.text).collect()
}

#[tokio::test]
async fn a_checkpoint_passes_the_user_records_that_are_dropped() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    local.put_at("orders", "a", 0, aggregate(&[u128::MAX, 0, u128::MAX, MIDDLE, u128::MAX])).unwrap();
    let store = MemoryCheckpoints::new();
    let first = source(&local, Deaggregation::KeepInRange).checkpoints(store.clone());
    assert_eq!(texts(&read(first.connect().await.unwrap()).await.unwrap()), ["1", "3"]);

    let sequence = local.records("orders").unwrap().remove(0).sequence_number.into();
    let rows = store.list(&Application::new("headwater", "orders")).await.unwrap();
    let row = rows.iter().find(|row| row.shard.as_str() == FIRST).unwrap();
    assert_eq!(row.checkpoint.position, Position::After { sequence, sub_sequence: None });
    let second = source(&local, Deaggregation::KeepAll).checkpoints(store);
    assert!(read(second.connect().await.unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_aggregate_of_which_all_is_dropped_is_passed_with_the_next_record() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let put = |data: Bytes| local.put_at("orders", "a", 0, data).unwrap();
    put(aggregate(&[0, u128::MAX]));
    put("plain".into());
    put(aggregate(&[0, u128::MAX]));
    let store = MemoryCheckpoints::new();
    let strict = || source(&local, Deaggregation::KclStrict).checkpoints(store.clone()).connect();
    assert_eq!(texts(&read(strict().await.unwrap()).await.unwrap()), ["plain"]);
    put("later".into());
    assert_eq!(texts(&read(strict().await.unwrap()).await.unwrap()), ["later"]);
}

#[tokio::test]
async fn a_shard_that_ends_with_what_is_dropped_is_finished() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    local.put_at("orders", "a", 0, aggregate(&[0, u128::MAX])).unwrap();
    local.split_shard("orders", FIRST).unwrap();
    local.put_at("orders", "a", 0, "of a child").unwrap();
    let store = MemoryCheckpoints::new();
    let strict = source(&local, Deaggregation::KclStrict).checkpoints(store.clone());
    assert_eq!(texts(&read(strict.connect().await.unwrap()).await.unwrap()), ["of a child"]);
    let rows = store.list(&Application::new("headwater", "orders")).await.unwrap();
    let parent = rows.iter().find(|row| row.shard.as_str() == FIRST).unwrap();
    assert_eq!(parent.checkpoint.position, Position::End);
}

#[tokio::test]
async fn children_are_held_to_their_own_ranges_before_they_are_listed() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let both = aggregate(&[0, u128::MAX]);
    local.put_at("orders", "a", 0, &both).unwrap();
    let orders = source(&local, Deaggregation::KeepInRange).until(Until::Forever);
    let orders = orders.refresh_interval(Duration::from_hours(1)).connect().await.unwrap();
    let control = orders.control();
    control.ready().await.unwrap();

    let [low, high] = local.split_shard("orders", FIRST).unwrap();
    for hash in [0, u128::MAX] {
        local.put_at("orders", "a", hash, &both).unwrap();
        local.put_at("orders", "a", hash, "last").unwrap();
    }
    let seen: Vec<Seen> = orders.take(6).map_ok(Seen::from).try_collect().await.unwrap();
    control.finished().await.unwrap();
    let mut by_shard: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for seen in &seen {
        by_shard.entry(&seen.shard).or_default().push(&seen.text);
    }
    assert_eq!(by_shard[FIRST], ["0", "1"]);
    assert_eq!(by_shard[&*low], ["0", "last"]);
    assert_eq!(by_shard[&*high], ["1", "last"]);
}

#[tokio::test]
async fn a_server_that_tells_of_no_lag_is_read_past_a_page_of_which_all_is_dropped() {
    let endpoint = Server::Kinesalite.shared();
    let stream = endpoint.create_stream("dropped", 2).await;
    for data in [aggregate(&[0, u128::MAX]), "plain".into()] {
        let put = stream.client().put_record().stream_name(stream.name()).partition_key("a");
        put.explicit_hash_key("0").data(data.to_vec().into()).send().await.unwrap();
    }
    let source = KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).unpaced();
    let source = source.until(Until::Tip).record_limit(1).deaggregation(Deaggregation::KclStrict);
    assert_eq!(texts(&read(source.connect().await.unwrap()).await.unwrap()), ["plain"]);
    stream.delete().await;
}
