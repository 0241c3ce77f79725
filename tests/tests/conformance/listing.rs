//! Listing shards.

use aws_sdk_kinesis::operation::list_shards::ListShardsOutput;
use aws_sdk_kinesis::types::{ShardFilter, ShardFilterType};
use headwater_tests::{Endpoint, TestStream, explain};

use crate::answer::{assert_invalid, assert_refused};
use crate::iterators::SHARD;
use crate::reshard::split;

pub(crate) async fn shards_are_listed_in_pages(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("paged", 5).await;
    let mut pages = Vec::new();
    let mut list = stream.client().list_shards().stream_name(stream.name());
    loop {
        let page = list.max_results(2).send().await.expect("list");
        pages.push(page.shards().len());
        let Some(token) = page.next_token else { break };
        list = stream.client().list_shards().next_token(token);
    }
    assert_eq!(pages, [2, 2, 1], "the pages");
    stream.delete().await;
}

pub(crate) async fn a_token_and_a_stream_name_together_are_refused(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("both", 3).await;
    let page =
        stream.client().list_shards().stream_name(stream.name()).max_results(1).send().await.expect("list");
    // Without a token of its own the server is asked with one that it need not even read.
    let token = page.next_token.unwrap_or_else(|| "token".to_owned());
    let both = stream.client().list_shards().stream_name(stream.name()).next_token(token).send().await;
    assert_refused("list", both, "InvalidArgumentException");
    stream.delete().await;
}

pub(crate) async fn a_token_from_nowhere_is_refused(endpoint: &'static Endpoint) {
    let list = endpoint.client().list_shards().next_token("token").send().await;
    assert_invalid("list", list);
}

pub(crate) async fn shards_are_listed_after_a_given_one(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("after-one", 3).await;
    let list = stream.client().list_shards().stream_name(stream.name()).exclusive_start_shard_id(SHARD);
    let list = list.send().await.expect("list");
    assert_eq!(ids(&list), ["shardId-000000000001", "shardId-000000000002"]);
    stream.delete().await;
}

pub(crate) async fn the_filter_at_latest_lists_open_shards(endpoint: &'static Endpoint) {
    let stream = split_stream(endpoint, "at-latest").await;
    let list = filtered(&stream, ShardFilterType::AtLatest, None).await;
    assert_eq!(ids(&list), ["shardId-000000000001", "shardId-000000000002"]);
    stream.delete().await;
}

pub(crate) async fn the_filter_at_trim_horizon_lists_the_oldest_shards(endpoint: &'static Endpoint) {
    let stream = split_stream(endpoint, "at-horizon").await;
    let list = filtered(&stream, ShardFilterType::AtTrimHorizon, None).await;
    assert_eq!(ids(&list), [SHARD]);
    stream.delete().await;
}

pub(crate) async fn the_filter_from_trim_horizon_lists_all_shards(endpoint: &'static Endpoint) {
    let stream = split_stream(endpoint, "from-horizon").await;
    let list = filtered(&stream, ShardFilterType::FromTrimHorizon, None).await;
    assert_eq!(ids(&list), [SHARD, "shardId-000000000001", "shardId-000000000002"]);
    stream.delete().await;
}

pub(crate) async fn the_filter_after_a_shard_lists_later_ones(endpoint: &'static Endpoint) {
    let stream = split_stream(endpoint, "after-shard").await;
    let list = filtered(&stream, ShardFilterType::AfterShardId, Some("shardId-000000000001")).await;
    assert_eq!(ids(&list), ["shardId-000000000002"]);
    stream.delete().await;
}

pub(crate) async fn a_description_is_given_in_pages(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("described", 3).await;
    let describe = || stream.client().describe_stream().stream_name(stream.name()).limit(2);
    let page = describe().send().await.expect("describe").stream_description.expect("a description");
    assert_eq!(page.shards.len(), 2);
    assert!(page.has_more_shards, "a third is left");

    let page = describe().exclusive_start_shard_id(page.shards[1].shard_id()).send().await.expect("describe");
    let page = page.stream_description.expect("a description");
    assert_eq!(page.shards.len(), 1);
    assert!(!page.has_more_shards, "that was the last");
    stream.delete().await;
}

async fn split_stream(endpoint: &Endpoint, name: &str) -> TestStream {
    let stream = endpoint.create_stream(name, 1).await;
    split(&stream).await;
    stream
}

async fn filtered(stream: &TestStream, kind: ShardFilterType, shard: Option<&str>) -> ListShardsOutput {
    let filter = ShardFilter::builder().r#type(kind).set_shard_id(shard.map(str::to_owned)).build();
    let list =
        stream.client().list_shards().stream_name(stream.name()).shard_filter(filter.expect("a filter"));
    list.send().await.unwrap_or_else(|error| panic!("list with a filter: {}", explain(&error)))
}

fn ids(list: &ListShardsOutput) -> Vec<&str> {
    list.shards().iter().map(aws_sdk_kinesis::types::Shard::shard_id).collect()
}
