//! Splitting and merging shards.

use aws_sdk_kinesis::types::{ChildShard, ScalingType, Shard, ShardIteratorType};
use headwater_tests::{Endpoint, TestStream, eventually, explain};

use crate::answer::assert_refused;
use crate::iterators::SHARD;

/// The second shard of a stream.
pub(crate) const SECOND: &str = "shardId-000000000001";

pub(crate) async fn a_split_closes_the_parent_and_shares_its_range(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("split", 1).await;
    split(&stream).await;

    let shards = stream.shards().await;
    let [parent, left, right] = &shards[..] else { panic!("a split makes two shards of one: {shards:?}") };
    assert!(is_closed(parent), "the parent is still open");
    for child in [left, right] {
        assert!(!is_closed(child), "a child is closed");
        assert_eq!(child.parent_shard_id(), Some(SHARD));
        assert_eq!(child.adjacent_parent_shard_id(), None);
    }
    assert_eq!(range(left), (0, MIDDLE - 1));
    assert_eq!(range(right), (MIDDLE, u128::MAX));
    assert_eq!(range(parent), (0, u128::MAX));
    stream.delete().await;
}

pub(crate) async fn a_merge_names_both_parents(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("merge", 2).await;
    merge(&stream).await;

    let shards = stream.shards().await;
    let [left, right, child] = &shards[..] else { panic!("a merge makes one shard of two: {shards:?}") };
    assert!(is_closed(left) && is_closed(right), "a parent is still open");
    assert!(!is_closed(child), "the child is closed");
    assert_eq!(child.parent_shard_id(), Some(SHARD));
    assert_eq!(child.adjacent_parent_shard_id(), Some(SECOND));
    assert_eq!(range(child), (0, u128::MAX));
    stream.delete().await;
}

pub(crate) async fn a_closed_shard_is_read_to_its_end(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("end", 1).await;
    for n in 0..3 {
        stream.put("key", [n]).await;
    }
    split(&stream).await;
    stream.put("key", "of a child").await;

    let (data, _) = read_to_end(&stream, SHARD).await;
    assert_eq!(data, [[0], [1], [2]]);
    stream.delete().await;
}

pub(crate) async fn the_end_of_a_split_shard_names_its_children(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("children", 1).await;
    stream.put("key", "x").await;
    split(&stream).await;

    let (_, mut children) = read_to_end(&stream, SHARD).await;
    children.sort_by(|one, other| one.shard_id.cmp(&other.shard_id));
    let ids: Vec<_> = children.iter().map(ChildShard::shard_id).collect();
    assert_eq!(ids, [SECOND, "shardId-000000000002"], "the children");
    assert!(children.iter().all(|child| child.parent_shards() == [SHARD]), "{children:?}");
    stream.delete().await;
}

pub(crate) async fn the_end_of_a_merged_shard_names_both_parents(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("parents", 2).await;
    merge(&stream).await;

    for parent in [SHARD, SECOND] {
        let (_, children) = read_to_end(&stream, parent).await;
        let ids: Vec<_> = children.iter().map(ChildShard::shard_id).collect();
        assert_eq!(ids, ["shardId-000000000002"], "the children");
        let mut parents = children[0].parent_shards().to_vec();
        parents.sort();
        assert_eq!(parents, [SHARD, SECOND]);
    }
    stream.delete().await;
}

pub(crate) async fn a_child_takes_the_records_of_its_range(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("takes", 1).await;
    let (_, before) = stream.put("key", "before").await;
    split(&stream).await;
    for shard in &stream.shards().await[1..] {
        let put = stream.client().put_record().stream_name(stream.name()).partition_key("key");
        let put =
            put.explicit_hash_key(range(shard).0.to_string()).data(vec![1].into()).send().await.expect("put");
        assert_eq!(put.shard_id, shard.shard_id);
        let after = put.sequence_number;
        assert!(
            (before.len(), &before) < (after.len(), &after),
            "{before} of the parent, {after} of the child"
        );
    }
    stream.delete().await;
}

pub(crate) async fn a_split_point_outside_the_shard_is_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("outside", 2).await;
    let split = stream.client().split_shard().stream_name(stream.name()).shard_to_split(SHARD);
    let split = split.new_starting_hash_key(u128::MAX.to_string()).send().await;
    assert_refused("split", split, "InvalidArgumentException");
    stream.delete().await;
}

pub(crate) async fn shards_that_do_not_touch_are_not_merged(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("apart", 3).await;
    let merge = stream.client().merge_shards().stream_name(stream.name()).shard_to_merge(SHARD);
    let merge = merge.adjacent_shard_to_merge("shardId-000000000002").send().await;
    assert_refused("merge", merge, "InvalidArgumentException");
    stream.delete().await;
}

pub(crate) async fn a_closed_shard_is_not_split(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("closed", 1).await;
    split(&stream).await;
    let split = stream.client().split_shard().stream_name(stream.name()).shard_to_split(SHARD);
    let split = split.new_starting_hash_key((MIDDLE / 2).to_string()).send().await;
    assert_refused("split again", split, "InvalidArgumentException");
    stream.delete().await;
}

pub(crate) async fn an_update_of_the_shard_count_shares_the_range_evenly(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("count", 2).await;
    let update = stream.client().update_shard_count().stream_name(stream.name()).target_shard_count(4);
    let update = update.scaling_type(ScalingType::UniformScaling).send().await;
    update.unwrap_or_else(|error| panic!("update the shard count: {}", explain(&error)));
    stream.active().await;

    let mut open: Vec<_> = stream.shards().await.into_iter().filter(|shard| !is_closed(shard)).collect();
    open.sort_by_key(range);
    assert_eq!(open.len(), 4, "the open shards");
    assert_even(&open);
    stream.delete().await;
}

/// The hash keys of a shard, both ends included.
pub(crate) fn range(shard: &Shard) -> (u128, u128) {
    let range = shard.hash_key_range().expect("a hash key range");
    let number = |key: &str| key.parse().expect("a hash key of 128 bits");
    (number(range.starting_hash_key()), number(range.ending_hash_key()))
}

/// Checks that shards share all hash keys among them, each as many as the next but for what rounding takes.
pub(crate) fn assert_even(shards: &[Shard]) {
    const ROUNDING: u128 = 4;
    let share = u128::MAX / shards.len() as u128;
    let mut next = Some(0);
    for shard in shards {
        let (start, end) = range(shard);
        assert_eq!(Some(start), next, "a gap or an overlap before {}", shard.shard_id);
        assert!(
            (end - start).abs_diff(share) <= ROUNDING,
            "{} has {} hash keys",
            shard.shard_id,
            end - start
        );
        next = end.checked_add(1);
    }
    assert_eq!(next, None, "the last shard ends at 2^128-1");
}

/// The first hash key of the upper half.
const MIDDLE: u128 = 1 << 127;

/// Splits the only shard of a stream in the middle.
pub(crate) async fn split(stream: &TestStream) {
    let split = stream.client().split_shard().stream_name(stream.name()).shard_to_split(SHARD);
    split.new_starting_hash_key(MIDDLE.to_string()).send().await.expect("split");
    resharded(stream, 2).await;
}

/// Merges the two shards of a stream.
pub(crate) async fn merge(stream: &TestStream) {
    let merge = stream.client().merge_shards().stream_name(stream.name()).shard_to_merge(SHARD);
    merge.adjacent_shard_to_merge(SECOND).send().await.expect("merge");
    resharded(stream, 1).await;
}

/// Waits until the first shard has its children: a stream may still say that it is active just after it was asked.
async fn resharded(stream: &TestStream, children: usize) {
    eventually("the new shards are there", async || {
        let shards = stream.shards().await;
        let of_first = shards.iter().filter(|shard| shard.parent_shard_id() == Some(SHARD));
        (of_first.count() == children).then_some(())
    })
    .await;
    stream.active().await;
}

fn is_closed(shard: &Shard) -> bool {
    shard.sequence_number_range().expect("a sequence number range").ending_sequence_number().is_some()
}

/// Reads a closed shard until there is no next iterator; returns its data and what the last page says of children.
async fn read_to_end(stream: &TestStream, shard: &str) -> (Vec<Vec<u8>>, Vec<ChildShard>) {
    let mut iterator = Some(stream.iterator(shard, ShardIteratorType::TrimHorizon).await);
    let mut data = Vec::new();
    let children = eventually("the shard ends", async || {
        let page =
            stream.client().get_records().set_shard_iterator(iterator.take()).send().await.expect("read");
        data.extend(page.records.into_iter().map(|record| record.data.into_inner()));
        iterator = page.next_shard_iterator;
        iterator.is_none().then(|| page.child_shards.unwrap_or_default())
    })
    .await;
    (data, children)
}
