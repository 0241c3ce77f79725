//! The states of a stream.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{
    ShardIteratorType, StreamDescription, StreamMode, StreamModeDetails, StreamStatus,
};
use headwater_local::LocalKinesis;

use crate::{FIRST, client, code};

async fn describe(client: &Client) -> StreamDescription {
    client.describe_stream().stream_name("orders").send().await.unwrap().stream_description.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_being_created_shows_no_shards_and_takes_nothing() {
    let local = LocalKinesis::builder().create_delay(Duration::from_secs(10)).build();
    let client = client(&local);
    client.create_stream().stream_name("orders").shard_count(2).send().await.unwrap();
    let described = describe(&client).await;
    assert_eq!(described.stream_status, StreamStatus::Creating);
    assert!(described.shards.is_empty());
    let put = || client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into()).send();
    assert_eq!(code(put().await), "ResourceNotFoundException");
    let at = client.get_shard_iterator().stream_name("orders").shard_id(FIRST);
    let at = at.shard_iterator_type(ShardIteratorType::Latest).send().await;
    assert_eq!(code(at), "ResourceNotFoundException");
    assert_eq!(code(client.list_shards().stream_name("orders").send().await), "ResourceInUseException");
    let split = client.split_shard().stream_name("orders").shard_to_split(FIRST).new_starting_hash_key("7");
    assert_eq!(code(split.send().await), "ResourceInUseException");

    tokio::time::advance(Duration::from_secs(10)).await;
    let described = describe(&client).await;
    assert_eq!((described.stream_status, described.shards.len()), (StreamStatus::Active, 2));
    put().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_being_deleted_is_shown_until_it_is_gone() {
    let local = LocalKinesis::builder().stream("orders", 1).delete_delay(Duration::from_secs(10)).build();
    let client = client(&local);
    client.delete_stream().stream_name("orders").send().await.unwrap();
    assert_eq!(describe(&client).await.stream_status, StreamStatus::Deleting);
    let create = || client.create_stream().stream_name("orders").shard_count(1).send();
    assert_eq!(code(create().await), "ResourceInUseException");
    let put = client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into());
    assert_eq!(code(put.send().await), "ResourceNotFoundException");

    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        code(client.describe_stream().stream_name("orders").send().await),
        "ResourceNotFoundException"
    );
    create().await.unwrap();
}

#[tokio::test]
async fn an_on_demand_stream_begins_with_four_shards() {
    let local = LocalKinesis::new();
    let client = client(&local);
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    client.create_stream().stream_name("orders").stream_mode_details(mode.clone()).send().await.unwrap();
    let described = describe(&client).await;
    assert_eq!(described.shards.len(), 4);
    assert_eq!(described.stream_mode_details, Some(mode));
    assert_eq!(described.retention_period_hours, 24);
}

#[tokio::test]
async fn a_missing_stream_is_not_found_by_any_operation() {
    let client = client(&LocalKinesis::new());
    let name = "orders";
    let not_found = "ResourceNotFoundException";
    assert_eq!(code(client.delete_stream().stream_name(name).send().await), not_found);
    assert_eq!(code(client.describe_stream().stream_name(name).send().await), not_found);
    assert_eq!(code(client.describe_stream_summary().stream_name(name).send().await), not_found);
    assert_eq!(code(client.list_shards().stream_name(name).send().await), not_found);
    let put = client.put_records().stream_name(name).records(crate::entry("k", b"x")).send().await;
    assert_eq!(code(put), not_found);
    let merge = client.merge_shards().stream_name(name).shard_to_merge(FIRST).adjacent_shard_to_merge(FIRST);
    assert_eq!(code(merge.send().await), not_found);
}
