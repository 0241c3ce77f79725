//! Streams that choose the shards of their records themselves.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, RecordDistributionStrategy, ShardIteratorType, StreamMode, StreamModeDetails,
};
use headwater_local::LocalKinesis;

use crate::{FIRST, client, code, entry, iterator, read};

async fn create(client: &Client, mode: StreamMode) -> Result<(), String> {
    let shards = (mode == StreamMode::Provisioned).then_some(4);
    let mode = StreamModeDetails::builder().stream_mode(mode).build().unwrap();
    let request = client.create_stream().stream_name("orders").stream_mode_details(mode);
    let request = request.record_distribution_strategy(RecordDistributionStrategy::Auto);
    let sent = request.set_shard_count(shards).send().await;
    sent.map(drop).map_err(|error| error.code().unwrap().to_owned())
}

async fn strategy(client: &Client) -> RecordDistributionStrategy {
    let described = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    described.stream_description_summary.unwrap().record_distribution_strategy.unwrap()
}

async fn update(client: &Client, arn: &str, strategy: RecordDistributionStrategy) -> Result<(), String> {
    let request = client.update_stream_record_distribution_strategy().stream_arn(arn);
    let sent = request.record_distribution_strategy(strategy).send().await;
    sent.map(drop).map_err(|error| error.code().unwrap().to_owned())
}

fn keyless(data: &[u8]) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().data(data.into()).build().unwrap()
}

#[tokio::test]
async fn a_stream_that_distributes_by_itself_looks_at_no_key() {
    let local = LocalKinesis::new();
    let client = client(&local);
    create(&client, StreamMode::OnDemand).await.unwrap();
    assert_eq!(strategy(&client).await, RecordDistributionStrategy::Auto);
    let mut pinned = entry("k", b"x");
    pinned.explicit_hash_key = Some("0".to_owned());
    let entries = vec![pinned; 8];
    client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    let shards = local.shards("orders").unwrap();
    assert_eq!(shards.iter().map(|shard| shard.records).collect::<Vec<_>>(), [2, 2, 2, 2]);
}

#[tokio::test]
async fn a_record_without_a_key_is_read_without_one_and_another_keeps_its_own() {
    let local = LocalKinesis::new();
    let client = client(&local);
    create(&client, StreamMode::OnDemand).await.unwrap();
    let entries = (0..4).map(|_| keyless(b"x")).chain((0..4).map(|_| entry("k", b"y")));
    client.put_records().stream_name("orders").set_records(Some(entries.collect())).send().await.unwrap();
    let page = read(&client, iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await).await;
    let keys: Vec<_> = page.records().iter().map(aws_sdk_kinesis::types::Record::partition_key).collect();
    assert_eq!(keys, [None, Some("k")]);
}

#[tokio::test]
async fn only_an_on_demand_stream_distributes_by_itself() {
    let local = LocalKinesis::new();
    let client = client(&local);
    let refused = create(&client, StreamMode::Provisioned).await.unwrap_err();
    assert_eq!(refused, "InvalidArgumentException");
    local.create_stream("orders", 1).unwrap();
    assert_eq!(strategy(&client).await, RecordDistributionStrategy::UserPartitionKey);
    let arn = local.stream_arn("orders").unwrap();
    let refused = update(&client, &arn, RecordDistributionStrategy::Auto).await.unwrap_err();
    assert_eq!(refused, "InvalidArgumentException");
    let put = client.put_records().stream_name("orders").records(keyless(b"x")).send().await;
    assert_eq!(code(put), "ValidationException");
}

#[tokio::test]
async fn a_stream_that_goes_back_to_keys_wants_them_again() {
    let local = LocalKinesis::new();
    let client = client(&local);
    create(&client, StreamMode::OnDemand).await.unwrap();
    let arn = local.stream_arn("orders").unwrap();
    let put = || client.put_records().stream_name("orders").records(keyless(b"x")).send();
    put().await.unwrap();
    update(&client, &arn, RecordDistributionStrategy::UserPartitionKey).await.unwrap();
    assert_eq!(strategy(&client).await, RecordDistributionStrategy::UserPartitionKey);
    assert_eq!(code(put().await), "ValidationException");
}
