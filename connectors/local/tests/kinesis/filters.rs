//! Which shards a list holds.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{ShardFilter, ShardFilterType, ShardIteratorType};
use headwater_local::LocalKinesis;

use crate::{FIRST, client, code, iterator};

async fn listed(client: &Client, filter: ShardFilter) -> Vec<usize> {
    let page = client.list_shards().stream_name("orders").shard_filter(filter).send().await.unwrap();
    page.shards().iter().map(|shard| shard.shard_id["shardId-".len()..].parse().unwrap()).collect()
}

fn filter(kind: ShardFilterType) -> ShardFilter {
    ShardFilter::builder().r#type(kind).build().unwrap()
}

fn filter_at(kind: ShardFilterType, at: DateTime) -> ShardFilter {
    ShardFilter::builder().r#type(kind).timestamp(at).build().unwrap()
}

/// Shard 0 is split into 1 and 2 after ten seconds, those are merged into 3 ten seconds later.
async fn three_generations(local: &LocalKinesis) -> DateTime {
    let created = local.put("orders", "k", "x").unwrap().arrival;
    tokio::time::advance(Duration::from_secs(10)).await;
    local.split_shard("orders", FIRST).unwrap();
    tokio::time::advance(Duration::from_secs(10)).await;
    local.merge_shards("orders", "shardId-000000000001", "shardId-000000000002").unwrap();
    tokio::time::advance(Duration::from_secs(10)).await;
    created.into()
}

#[tokio::test(start_paused = true)]
async fn each_filter_lists_what_it_says() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    let created = three_generations(&local).await.secs();
    let at = |seconds: i64| DateTime::from_secs(created + seconds + 1);

    assert_eq!(listed(&client, filter(ShardFilterType::FromTrimHorizon)).await, [0, 1, 2, 3]);
    assert_eq!(listed(&client, filter(ShardFilterType::AtTrimHorizon)).await, [0]);
    assert_eq!(listed(&client, filter(ShardFilterType::AtLatest)).await, [3]);
    let after = ShardFilter::builder().r#type(ShardFilterType::AfterShardId).shard_id("shardId-000000000001");
    assert_eq!(listed(&client, after.build().unwrap()).await, [2, 3]);
    for (seconds, open, from) in [
        (-100, &[0][..], &[0, 1, 2, 3][..]),
        (5, &[0], &[0, 1, 2, 3]),
        (15, &[1, 2], &[1, 2, 3]),
        (25, &[3], &[3]),
    ] {
        assert_eq!(listed(&client, filter_at(ShardFilterType::AtTimestamp, at(seconds))).await, open);
        assert_eq!(listed(&client, filter_at(ShardFilterType::FromTimestamp, at(seconds))).await, from);
    }
    let future = filter_at(ShardFilterType::AtTimestamp, at(100_000));
    let future = client.list_shards().stream_name("orders").shard_filter(future).send().await;
    assert_eq!(code(future), "InvalidArgumentException");
}

#[tokio::test]
async fn the_oldest_shards_are_those_the_stream_began_with_however_soon_it_was_split() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    local.update_shard_count("orders", 4).unwrap();
    assert_eq!(listed(&client, filter(ShardFilterType::AtTrimHorizon)).await, [0]);
    let open = listed(&client, filter(ShardFilterType::AtLatest)).await;
    assert_eq!(open.len(), 4);
    let page = iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await;
    assert_eq!(crate::read(&client, page).await.child_shards().len(), 2);
}

#[tokio::test]
async fn a_filter_holds_over_all_pages() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let client = client(&local);
    local.update_shard_count("orders", 4).unwrap();
    let call = client.list_shards().stream_name("orders").shard_filter(filter(ShardFilterType::AtLatest));
    let mut page = call.max_results(1).send().await.unwrap();
    let mut count = page.shards().len();
    while let Some(token) = page.next_token {
        page = client.list_shards().next_token(token).max_results(1).send().await.unwrap();
        count += page.shards().len();
    }
    assert_eq!(count, 4);
}
