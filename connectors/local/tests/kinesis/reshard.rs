//! Splitting, merging and scaling.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{ScalingType, Shard, ShardIteratorType, StreamStatus};
use headwater_local::LocalKinesis;

use crate::{FIRST, client, code, iterator, read, shard_id, texts};

const MIDDLE: u128 = 1 << 127;

async fn shards(client: &Client) -> Vec<Shard> {
    client.list_shards().stream_name("orders").send().await.unwrap().shards.unwrap()
}

async fn split(client: &Client, shard: &str, at: u128) {
    let call = client.split_shard().stream_name("orders").shard_to_split(shard);
    call.new_starting_hash_key(at.to_string()).send().await.unwrap();
}

#[tokio::test]
async fn a_split_closes_the_parent_and_shares_its_range() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    local.put("orders", "k", "before").unwrap();
    split(&client, FIRST, MIDDLE).await;

    let shards = shards(&client).await;
    let ending = shards[0].sequence_number_range().unwrap().ending_sequence_number().unwrap();
    let last = local.records("orders").unwrap().remove(0).sequence_number;
    assert!(last.as_str() < ending, "the end comes after the last record");
    let range = |shard: &Shard| {
        let range = shard.hash_key_range().unwrap();
        (range.starting_hash_key().to_owned(), range.ending_hash_key().to_owned())
    };
    assert_eq!(range(&shards[1]), ("0".to_owned(), (MIDDLE - 1).to_string()));
    assert_eq!(range(&shards[2]), (MIDDLE.to_string(), u128::MAX.to_string()));
    for child in &shards[1..] {
        assert_eq!(child.parent_shard_id(), Some(FIRST));
        assert_eq!(child.adjacent_parent_shard_id(), None);
        let starting = child.sequence_number_range().unwrap().starting_sequence_number();
        assert!(ending < starting, "a child's numbers follow its parent's: {ending} {starting}");
        assert_eq!(child.sequence_number_range().unwrap().ending_sequence_number(), None);
    }
}

#[tokio::test]
async fn the_end_of_a_closed_shard_has_no_next_iterator_and_names_the_children() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let client = client(&local);
    local.put_at("orders", "k", 0, "a").unwrap();
    local.put_at("orders", "k", 0, "b").unwrap();
    let start = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    let merge = client.merge_shards().stream_name("orders").shard_to_merge(FIRST);
    merge.adjacent_shard_to_merge(shard_id(1)).send().await.unwrap();

    let page = client.get_records().shard_iterator(start).limit(1).send().await.unwrap();
    assert!(page.child_shards().is_empty());
    let page = read(&client, page.next_shard_iterator.unwrap()).await;
    assert_eq!(texts(&page), ["b"]);
    assert_eq!(page.next_shard_iterator, None);
    let child = &page.child_shards()[0];
    assert_eq!(child.shard_id(), shard_id(2));
    assert_eq!(child.parent_shards(), [shard_id(0), shard_id(1)]);
    assert_eq!(child.hash_key_range().unwrap().ending_hash_key(), u128::MAX.to_string());

    // Latest at the end of a closed shard is its end.
    let page = read(&client, iterator(&client, "orders", FIRST, ShardIteratorType::Latest).await).await;
    assert_eq!((page.next_shard_iterator(), page.child_shards().len()), (None, 1));
}

#[tokio::test]
async fn records_go_to_the_children() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let before = local.put("orders", "k", "x").unwrap();
    split(&client, FIRST, MIDDLE).await;
    let after = local.put("orders", "k", "x").unwrap();
    assert_ne!(after.shard_id, FIRST);
    assert!(before.sequence_number < after.sequence_number);
}

#[tokio::test]
async fn a_split_point_must_lie_strictly_inside() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let client = client(&local);
    for (key, accepted) in [(0, false), (MIDDLE, false), (u128::MAX, false), (1, true)] {
        let call = client.split_shard().stream_name("orders").shard_to_split(FIRST);
        let answer = call.new_starting_hash_key(key.to_string()).send().await;
        if accepted {
            answer.unwrap();
        } else {
            assert_eq!(code(answer), "InvalidArgumentException", "{key}");
        }
    }
}

#[tokio::test]
async fn only_open_adjacent_shards_merge() {
    let local = LocalKinesis::builder().stream("orders", 3).build();
    let client = client(&local);
    let merge = |a: usize, b: usize| {
        let call = client.merge_shards().stream_name("orders").shard_to_merge(shard_id(a));
        call.adjacent_shard_to_merge(shard_id(b)).send()
    };
    assert_eq!(code(merge(0, 2).await), "InvalidArgumentException");
    assert_eq!(code(merge(0, 9).await), "ResourceNotFoundException");
    merge(1, 0).await.unwrap();
    assert_eq!(code(merge(0, 1).await), "InvalidArgumentException");
    let shards = shards(&client).await;
    assert_eq!(shards[3].parent_shard_id(), Some(&*shard_id(1)));
    assert_eq!(shards[3].adjacent_parent_shard_id(), Some(&*shard_id(0)));
}

#[tokio::test]
async fn the_shard_count_changes_by_splits_and_merges_within_double_and_half() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let client = client(&local);
    let update = |count| {
        let call = client.update_shard_count().stream_name("orders").target_shard_count(count);
        call.scaling_type(ScalingType::UniformScaling).send()
    };
    let answer = update(3).await.unwrap();
    assert_eq!((answer.current_shard_count, answer.target_shard_count), (Some(2), Some(3)));
    let open =
        |local: &LocalKinesis| local.shards("orders").unwrap().iter().filter(|shard| shard.is_open).count();
    assert_eq!(open(&local), 3);
    assert_eq!(code(update(7).await), "InvalidArgumentException");
    assert_eq!(code(update(1).await), "InvalidArgumentException");
    update(6).await.unwrap();
    assert_eq!(open(&local), 6);
    let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    assert_eq!(summary.stream_description_summary.unwrap().open_shard_count, 6);
}

#[tokio::test(start_paused = true)]
async fn a_stream_serves_while_it_updates_and_changes_at_the_end() {
    let local = LocalKinesis::builder().stream("orders", 1).update_delay(Duration::from_secs(30)).build();
    let client = client(&local);
    split(&client, FIRST, MIDDLE).await;
    let status = async || {
        let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
        summary.stream_description_summary.unwrap().stream_status
    };
    assert_eq!(status().await, StreamStatus::Updating);
    let put = || client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into()).send();
    assert_eq!(put().await.unwrap().shard_id, FIRST);
    assert_eq!(shards(&client).await.len(), 1);
    let again = client.split_shard().stream_name("orders").shard_to_split(FIRST);
    let again = again.new_starting_hash_key("7").send().await;
    assert_eq!(code(again), "ResourceInUseException");

    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(status().await, StreamStatus::Active);
    assert_ne!(put().await.unwrap().shard_id, FIRST);
    assert_eq!(shards(&client).await.len(), 3);
}

#[tokio::test]
async fn many_generations_in_one_millisecond_keep_their_order() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    for count in [2, 4, 3, 5, 1] {
        local.update_shard_count("orders", count).unwrap();
    }
    let shards = shards(&client).await;
    let numbers = |id: &str| {
        let shard = shards.iter().find(|shard| shard.shard_id == id).unwrap();
        shard.sequence_number_range().unwrap().clone()
    };
    for shard in &shards {
        let starting = numbers(&shard.shard_id).starting_sequence_number;
        for parent in shard.parent_shard_id().into_iter().chain(shard.adjacent_parent_shard_id()) {
            assert!(numbers(parent).ending_sequence_number.unwrap() < starting);
        }
    }
}
