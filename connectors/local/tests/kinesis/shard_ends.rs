//! The end of a shard, as a subscription gives it.

use std::time::Duration;

use aws_sdk_kinesis::types::{ChildShard, SubscribeToShardEvent};
use headwater_local::LocalKinesis;
use tokio::time::{Instant, timeout};

use crate::fanout::{Events, SOON, after, both_ways, eager, in_process, latest, texts, trim_horizon};
use crate::{FIRST, shard_id};

/// Reads to the end of the shard and of the subscription, and returns every text and the last event.
async fn to_the_end(events: &mut Events) -> (Vec<String>, SubscribeToShardEvent) {
    let mut read = Vec::new();
    loop {
        let event = events.next().await;
        read.extend(texts(&event));
        if event.child_shards.is_some() {
            assert_eq!(event.continuation_sequence_number(), "", "there is nothing to go on with");
            assert_eq!(events.recv().await.unwrap(), None, "the subscription ends without an error");
            return (read, event);
        }
        assert_ne!(event.continuation_sequence_number(), "");
    }
}

fn described(child: &ChildShard) -> (&str, &[String], &str, &str) {
    let range = child.hash_key_range().unwrap();
    (child.shard_id(), child.parent_shards(), range.starting_hash_key(), range.ending_hash_key())
}

#[tokio::test]
async fn the_last_event_of_a_split_shard_names_both_children() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        setup.put("a");
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(texts(&events.next().await), ["a"]);
        setup.put("b");
        setup.local.split_shard("orders", FIRST).unwrap();
        let (read, last) = to_the_end(&mut events).await;
        assert_eq!(read, ["b"]);
        let middle: u128 = 1 << 127;
        let (below, greatest) = ((middle - 1).to_string(), u128::MAX.to_string());
        let (middle, parents) = (middle.to_string(), [FIRST.to_owned()]);
        let children: Vec<_> = last.child_shards().iter().map(described).collect();
        let (lower, upper) = (shard_id(1), shard_id(2));
        let expected = [(&*lower, &parents[..], "0", &*below), (&upper, &parents, &middle, &greatest)];
        assert_eq!(children, expected);
        assert_eq!(setup.local.subscription_count("orders").unwrap(), 0);
    }
}

#[tokio::test]
async fn the_last_event_of_a_merged_shard_names_the_child_with_both_its_parents() {
    for setup in both_ways(2, LocalKinesis::builder).await {
        let mut waiting = Vec::new();
        for index in 0..2 {
            let mut events = setup.try_subscribe(&shard_id(index), latest()).await.unwrap();
            events.next().await;
            waiting.push(tokio::spawn(async move { to_the_end(&mut events).await }));
        }
        tokio::task::yield_now().await;
        setup.local.merge_shards("orders", &shard_id(0), &shard_id(1)).unwrap();
        for ended in waiting {
            let ended = timeout(SOON, ended).await.expect("it does not wait for a heartbeat");
            let (read, last) = ended.unwrap();
            assert!(read.is_empty());
            let parents = [shard_id(0), shard_id(1)];
            let children: Vec<_> = last.child_shards().iter().map(described).collect();
            assert_eq!(children, [(&*shard_id(2), &parents[..], "0", &*u128::MAX.to_string())]);
        }
    }
}

#[tokio::test]
async fn a_closed_shard_is_read_to_its_end_and_ends_as_often_as_it_is_resumed() {
    for setup in both_ways(1, || eager().event_bytes(1)).await {
        let numbers = ["a", "b", "c"].map(|data| setup.put(data));
        setup.local.split_shard("orders", FIRST).unwrap();
        let mut events = setup.subscribe(trim_horizon()).await;
        assert_eq!(to_the_end(&mut events).await.0, ["a", "b", "c"]);
        for (number, rest) in numbers.iter().zip([&["b", "c"][..], &["c"], &[]]) {
            let (read, last) = to_the_end(&mut setup.subscribe(after(number)).await).await;
            assert_eq!(read, rest);
            assert_eq!(last.child_shards().len(), 2);
        }
        let (read, _) = to_the_end(&mut setup.subscribe(latest()).await).await;
        assert!(read.is_empty());
        let shards = setup.client.list_shards().stream_name("orders").send().await.unwrap().shards.unwrap();
        let ending = shards[0].sequence_number_range().unwrap().ending_sequence_number().unwrap();
        assert!(to_the_end(&mut setup.subscribe(after(ending)).await).await.0.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_split_that_takes_its_time_is_seen_when_it_takes_effect() {
    let delay = Duration::from_secs(7);
    let builder = LocalKinesis::builder().stream("orders", 1).update_delay(delay);
    let setup = in_process(builder.heartbeat(Duration::from_mins(1)).build());
    let mut events = setup.subscribe(latest()).await;
    events.next().await;
    let began = Instant::now();
    let waiting = tokio::spawn(async move { to_the_end(&mut events).await });
    tokio::task::yield_now().await;
    let split = setup.client.split_shard().stream_name("orders").shard_to_split(FIRST);
    split.new_starting_hash_key("7").send().await.unwrap();
    let (_, last) = waiting.await.unwrap();
    assert_eq!(last.child_shards().len(), 2);
    assert_eq!(began.elapsed(), delay);
}
