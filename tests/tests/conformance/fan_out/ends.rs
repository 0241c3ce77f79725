//! How a subscription ends with its shard.

use aws_sdk_kinesis::types::{ChildShard, ShardIteratorType::TrimHorizon};
use headwater_tests::Endpoint;

use crate::fan_out::consumers::consumer;
use crate::fan_out::subscription::{Subscription, at};
use crate::fan_out::subscriptions::subscribed;
use crate::iterators::SHARD;
use crate::reshard::{SECOND, merge, split};

/// The third shard of a stream.
const THIRD: &str = "shardId-000000000002";

pub(crate) async fn a_subscription_to_a_closed_shard_ends_with_its_children(endpoint: &'static Endpoint) {
    let (stream, consumer) = subscribed(endpoint, "subscribe-end").await;
    stream.put("key", "a").await;
    split(&stream).await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    let (records, children) = subscription.read_to_end().await;
    assert_eq!(records.len(), 1);
    assert_children(children, &[SECOND, THIRD], &[SHARD]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_ends_with_the_children_when_its_shard_is_split(
    endpoint: &'static Endpoint,
) {
    let (stream, consumer) = subscribed(endpoint, "split-under").await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    stream.put("key", "a").await;
    subscription.read(1).await;
    split(&stream).await;
    let (records, children) = subscription.read_to_end().await;
    assert!(records.is_empty(), "records come twice: {records:?}");
    assert_children(children, &[SECOND, THIRD], &[SHARD]);
    stream.delete().await;
}

pub(crate) async fn a_subscription_ends_with_a_child_of_both_parents_when_its_shard_is_merged(
    endpoint: &'static Endpoint,
) {
    let stream = endpoint.create_stream("merge-under", 2).await;
    let consumer = consumer(&stream, "reader").await;
    let mut subscription = Subscription::open(&stream, &consumer, at(TrimHorizon)).await;
    merge(&stream).await;
    assert_children(subscription.read_to_end().await.1, &[THIRD], &[SHARD, SECOND]);
    stream.delete().await;
}

fn assert_children(mut children: Vec<ChildShard>, ids: &[&str], parents: &[&str]) {
    children.sort_by(|one, other| one.shard_id.cmp(&other.shard_id));
    assert_eq!(children.iter().map(ChildShard::shard_id).collect::<Vec<_>>(), ids, "the children");
    for child in &children {
        let mut of_child = child.parent_shards().to_vec();
        of_child.sort();
        assert_eq!(of_child, parents, "the parents of {}", child.shard_id);
    }
}
