//! Making, describing, listing and deleting streams.

use aws_sdk_kinesis::operation::create_stream::builders::CreateStreamFluentBuilder;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, RecordDistributionStrategy, ShardIteratorType, StreamDescriptionSummary,
    StreamMode, StreamModeDetails, StreamStatus,
};
use headwater_tests::{Endpoint, eventually, explain};

use crate::answer::{assert_invalid, assert_refused};
use crate::reshard::assert_even;

pub(crate) async fn a_stream_is_creating_before_it_is_active(endpoint: &'static Endpoint) {
    // Whether the first look comes in time is up to the machine, so streams are made until it does.
    let client = endpoint.client();
    eventually("a stream is seen before it is active", async || {
        let name = endpoint.unique("creating");
        client.create_stream().stream_name(&name).shard_count(1).send().await.expect("create");
        let status = async || {
            let described =
                client.describe_stream_summary().stream_name(&name).send().await.expect("describe");
            described.stream_description_summary.expect("a summary").stream_status
        };
        let mut statuses = vec![status().await];
        eventually("the stream is active", async || {
            statuses.push(status().await);
            (statuses.last() == Some(&StreamStatus::Active)).then_some(())
        })
        .await;
        let first_active =
            statuses.iter().position(|status| *status == StreamStatus::Active).expect("was active");
        let (creating, active) = statuses.split_at(first_active);
        assert!(creating.iter().all(|status| *status == StreamStatus::Creating), "{statuses:?}");
        assert!(active.iter().all(|status| *status == StreamStatus::Active), "{statuses:?}");
        let is_seen = !creating.is_empty();
        client.delete_stream().stream_name(&name).send().await.expect("delete");
        is_seen.then_some(())
    })
    .await;
}

pub(crate) async fn a_stream_that_exists_is_not_created_again(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("again", 1).await;
    let again = stream.client().create_stream().stream_name(stream.name()).shard_count(1).send().await;
    assert_refused("create again", again, "ResourceInUseException");
    stream.delete().await;
}

pub(crate) async fn a_stream_of_no_shards_is_refused(endpoint: &'static Endpoint) {
    let name = endpoint.unique("none");
    let created = endpoint.client().create_stream().stream_name(name).shard_count(0).send().await;
    assert_invalid("create with 0 shards", created);
}

pub(crate) async fn an_unknown_stream_is_not_found(endpoint: &'static Endpoint) {
    const CODE: &str = "ResourceNotFoundException";
    const SHARD: &str = "shardId-000000000000";
    let client = endpoint.client();
    let name = endpoint.unique("unknown");

    assert_refused("describe", client.describe_stream().stream_name(&name).send().await, CODE);
    assert_refused("summary", client.describe_stream_summary().stream_name(&name).send().await, CODE);
    assert_refused("list shards", client.list_shards().stream_name(&name).send().await, CODE);
    assert_refused("delete", client.delete_stream().stream_name(&name).send().await, CODE);
    let put = client.put_record().stream_name(&name).partition_key("k").data(vec![1].into());
    assert_refused("put", put.send().await, CODE);
    let iterator = client.get_shard_iterator().stream_name(&name).shard_id(SHARD);
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon);
    assert_refused("iterate", iterator.send().await, CODE);
    let split = client.split_shard().stream_name(&name).shard_to_split(SHARD).new_starting_hash_key("7");
    assert_refused("split", split.send().await, CODE);
}

pub(crate) async fn a_deleted_stream_is_gone(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("gone", 1).await;
    let (client, name) = (stream.client().clone(), stream.name().to_owned());
    stream.delete().await;

    eventually("the stream is gone", async || {
        let described = client.describe_stream_summary().stream_name(&name).send().await;
        match described
            .map(|described| described.stream_description_summary.map(|summary| summary.stream_status))
        {
            Ok(status) => {
                assert_eq!(status, Some(StreamStatus::Deleting));
                None
            }
            error => {
                assert_refused("describe", error, "ResourceNotFoundException");
                Some(())
            }
        }
    })
    .await;
    client.create_stream().stream_name(&name).shard_count(1).send().await.expect("the name is free again");
}

pub(crate) async fn streams_are_listed_in_pages(endpoint: &'static Endpoint) {
    // Other rows make streams on the same server: these three stand together in the order of names.
    let prefix = endpoint.unique("listed");
    let client = endpoint.client();
    let names: Vec<_> = ["a", "b", "c"].iter().map(|end| format!("{prefix}-{end}")).collect();
    for name in &names {
        client.create_stream().stream_name(name).shard_count(1).send().await.expect("create");
    }

    let page =
        client.list_streams().exclusive_start_stream_name(&names[0]).limit(1).send().await.expect("list");
    assert_eq!(page.stream_names, names[1..2]);
    assert!(page.has_more_streams, "a third is left");
    let page =
        client.list_streams().exclusive_start_stream_name(&names[1]).limit(1).send().await.expect("list");
    assert_eq!(page.stream_names, names[2..]);
}

pub(crate) async fn shards_share_the_hash_keys_evenly(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("even", 3).await;
    let shards = stream.shards().await;
    let ids: Vec<_> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    assert_eq!(ids, ["shardId-000000000000", "shardId-000000000001", "shardId-000000000002"]);

    assert!(shards.iter().all(|shard| shard.parent_shard_id.is_none()), "{shards:?}");
    assert_even(&shards);
    stream.delete().await;
}

pub(crate) async fn a_summary_counts_the_open_shards(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("summary", 3).await;
    let summary = stream.client().describe_stream_summary().stream_name(stream.name()).send().await;
    let summary = summary.expect("summary").stream_description_summary.expect("a summary");
    assert_eq!(summary.stream_name, stream.name());
    assert_eq!(summary.open_shard_count, 3);
    assert_eq!(summary.retention_period_hours, 24);
    assert!(summary.stream_arn.ends_with(&format!(":stream/{}", stream.name())), "{}", summary.stream_arn);
    stream.delete().await;
}

pub(crate) async fn a_stream_answers_to_its_arn(endpoint: &'static Endpoint) {
    let stream = endpoint.create_stream("arn", 1).await;
    let client = stream.client();
    let summary = client.describe_stream_summary().stream_name(stream.name()).send().await.expect("summary");
    let arn = summary.stream_description_summary.expect("a summary").stream_arn;

    let put = client.put_record().stream_arn(&arn).partition_key("k").data(vec![1].into());
    let put = put.send().await.unwrap_or_else(|error| panic!("put by ARN: {}", explain(&error)));
    let listed = client.list_shards().stream_arn(&arn).send().await.expect("list by ARN");
    assert_eq!(listed.shards().len(), 1);
    let iterator = client.get_shard_iterator().stream_arn(&arn).shard_id(&put.shard_id);
    let iterator =
        iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.expect("iterate by ARN");
    let read = client.get_records().stream_arn(&arn).set_shard_iterator(iterator.shard_iterator);
    let read = read.send().await.expect("read by ARN");
    assert_eq!(read.records[0].sequence_number, put.sequence_number);
    stream.delete().await;
}

pub(crate) async fn an_on_demand_stream_is_created_without_a_number_of_shards(endpoint: &'static Endpoint) {
    let name = endpoint.unique("on-demand");
    create_on_demand(endpoint, &name, |request| request).await;
    let summary = active_summary(endpoint, &name).await;
    let mode = summary.stream_mode_details.expect("a mode").stream_mode;
    assert_eq!(mode, StreamMode::OnDemand, "the mode");
    assert!(summary.open_shard_count > 0, "no shard is open");
    endpoint.client().delete_stream().stream_name(&name).send().await.expect("delete");
}

pub(crate) async fn a_stream_that_distributes_by_itself_wants_no_keys(endpoint: &'static Endpoint) {
    let name = endpoint.unique("auto");
    let auto = RecordDistributionStrategy::Auto;
    create_on_demand(endpoint, &name, |request| request.record_distribution_strategy(auto.clone())).await;
    let summary = active_summary(endpoint, &name).await;
    assert_eq!(summary.record_distribution_strategy, Some(auto), "the strategy");
    let entry = PutRecordsRequestEntry::builder().data(Blob::new("x")).build().expect("an entry");
    let put = endpoint.client().put_records().stream_name(&name).records(entry).send().await;
    let put = put.unwrap_or_else(|error| panic!("put without a key: {}", explain(&error)));
    assert_eq!(put.failed_record_count, Some(0));
    endpoint.client().delete_stream().stream_name(&name).send().await.expect("delete");
}

async fn create_on_demand(
    endpoint: &Endpoint,
    name: &str,
    how: impl FnOnce(CreateStreamFluentBuilder) -> CreateStreamFluentBuilder,
) {
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().expect("a mode");
    let request = endpoint.client().create_stream().stream_name(name).stream_mode_details(mode);
    let created = how(request).send().await;
    created.unwrap_or_else(|error| panic!("create on demand: {}", explain(&error)));
}

async fn active_summary(endpoint: &Endpoint, name: &str) -> StreamDescriptionSummary {
    eventually("the stream is active", async || {
        let described = endpoint.client().describe_stream_summary().stream_name(name).send().await;
        let summary = described.expect("describe").stream_description_summary.expect("a summary");
        (summary.stream_status == StreamStatus::Active).then_some(summary)
    })
    .await
}
