//! What each operation takes.
//!
//! The inputs of rare calls are read by serde from any format that keeps the API's member names. Those of
//! writes are built by the codec, which knows how to share the request's buffer.

use std::borrow::Cow;

use serde::Deserialize;

use crate::operation::Operation;
use crate::store::{IteratorToken, Payload, StreamRef, Text};

/// A request of any operation.
#[derive(Debug)]
pub(crate) enum Request {
    CreateStream(CreateStream),
    DeleteStream(DeleteStream),
    DeregisterStreamConsumer(NamedConsumer),
    DescribeStream(DescribeStream),
    DescribeStreamConsumer(NamedConsumer),
    DescribeStreamSummary(NamedStream),
    GetRecords(GetRecords),
    GetShardIterator(GetShardIterator),
    ListShards(ListShards),
    ListStreamConsumers(ListStreamConsumers),
    ListStreams(ListStreams),
    MergeShards(MergeShards),
    PutRecord(PutRecord),
    PutRecords(PutRecords),
    RegisterStreamConsumer(RegisterStreamConsumer),
    SplitShard(SplitShard),
    SubscribeToShard(SubscribeToShard),
    UpdateMaxRecordSize(UpdateMaxRecordSize),
    UpdateShardCount(UpdateShardCount),
    UpdateStreamRecordDistributionStrategy(UpdateStreamRecordDistributionStrategy),
}

/// A stream by name, by ARN, or both.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NamedStream {
    #[serde(rename = "StreamName")]
    pub(crate) name: Option<String>,
    #[serde(rename = "StreamARN")]
    pub(crate) arn: Option<String>,
}

impl NamedStream {
    pub(crate) fn by_ref(&self) -> StreamRef<'_> {
        StreamRef { name: self.name.as_deref(), arn: self.arn.as_deref() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateStream {
    pub(crate) stream_name: Option<String>,
    pub(crate) shard_count: Option<i64>,
    pub(crate) stream_mode_details: Option<StreamModeDetails>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    pub(crate) max_record_size_in_kib: Option<i64>,
    pub(crate) record_distribution_strategy: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamModeDetails {
    pub(crate) stream_mode: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteStream {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) enforce_consumer_deletion: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeStream {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) limit: Option<i64>,
    pub(crate) exclusive_start_shard_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListStreams {
    pub(crate) limit: Option<i64>,
    pub(crate) exclusive_start_stream_name: Option<String>,
    pub(crate) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListShards {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) next_token: Option<String>,
    pub(crate) exclusive_start_shard_id: Option<String>,
    pub(crate) max_results: Option<i64>,
    pub(crate) stream_creation_timestamp: Option<f64>,
    pub(crate) shard_filter: Option<ShardFilter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardFilter {
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) shard_id: Option<String>,
    /// Seconds since the epoch.
    pub(crate) timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetShardIterator {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) shard_id: Option<String>,
    pub(crate) shard_iterator_type: Option<String>,
    pub(crate) starting_sequence_number: Option<String>,
    /// Seconds since the epoch.
    pub(crate) timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetRecords {
    pub(crate) shard_iterator: Option<String>,
    pub(crate) limit: Option<i64>,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SplitShard {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) shard_to_split: Option<String>,
    pub(crate) new_starting_hash_key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MergeShards {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) shard_to_merge: Option<String>,
    pub(crate) adjacent_shard_to_merge: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateShardCount {
    #[serde(flatten)]
    pub(crate) stream: NamedStream,
    pub(crate) target_shard_count: Option<i64>,
    pub(crate) scaling_type: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct UpdateMaxRecordSize {
    #[serde(rename = "StreamARN")]
    pub(crate) arn: Option<String>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    pub(crate) max_record_size_in_kib: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct UpdateStreamRecordDistributionStrategy {
    #[serde(rename = "StreamARN")]
    pub(crate) arn: Option<String>,
    #[serde(rename = "RecordDistributionStrategy")]
    pub(crate) strategy: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RegisterStreamConsumer {
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: Option<String>,
    #[serde(rename = "ConsumerName")]
    pub(crate) consumer_name: Option<String>,
}

/// A consumer by its ARN, by its name and its stream's ARN, or both.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedConsumer {
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: Option<String>,
    #[serde(rename = "ConsumerName")]
    pub(crate) name: Option<String>,
    #[serde(rename = "ConsumerARN")]
    pub(crate) arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListStreamConsumers {
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: Option<String>,
    pub(crate) next_token: Option<String>,
    pub(crate) max_results: Option<i64>,
    pub(crate) stream_creation_timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubscribeToShard {
    #[serde(rename = "ConsumerARN")]
    pub(crate) consumer_arn: Option<String>,
    pub(crate) shard_id: Option<String>,
    pub(crate) starting_position: Option<StartingPosition>,
    pub(crate) dry_run: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartingPosition {
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) sequence_number: Option<String>,
    /// Seconds since the epoch.
    pub(crate) timestamp: Option<f64>,
}

/// One record to write.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) partition_key: Option<Text>,
    pub(crate) explicit_hash_key: Option<Text>,
    pub(crate) payload: Payload,
}

#[derive(Debug)]
pub(crate) struct PutRecord {
    pub(crate) stream: NamedStream,
    pub(crate) entry: Entry,
    /// The size of the buffer that the entry shares.
    pub(crate) body_len: usize,
}

#[derive(Debug)]
pub(crate) struct PutRecords {
    pub(crate) stream: NamedStream,
    pub(crate) entries: Vec<Entry>,
    /// The size of the buffer that the entries share.
    pub(crate) body_len: usize,
}

impl Request {
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::CreateStream(_) => Operation::CreateStream,
            Self::DeleteStream(_) => Operation::DeleteStream,
            Self::DeregisterStreamConsumer(_) => Operation::DeregisterStreamConsumer,
            Self::DescribeStream(_) => Operation::DescribeStream,
            Self::DescribeStreamConsumer(_) => Operation::DescribeStreamConsumer,
            Self::DescribeStreamSummary(_) => Operation::DescribeStreamSummary,
            Self::GetRecords(_) => Operation::GetRecords,
            Self::GetShardIterator(_) => Operation::GetShardIterator,
            Self::ListShards(_) => Operation::ListShards,
            Self::ListStreamConsumers(_) => Operation::ListStreamConsumers,
            Self::ListStreams(_) => Operation::ListStreams,
            Self::MergeShards(_) => Operation::MergeShards,
            Self::PutRecord(_) => Operation::PutRecord,
            Self::PutRecords(_) => Operation::PutRecords,
            Self::RegisterStreamConsumer(_) => Operation::RegisterStreamConsumer,
            Self::SplitShard(_) => Operation::SplitShard,
            Self::SubscribeToShard(_) => Operation::SubscribeToShard,
            Self::UpdateMaxRecordSize(_) => Operation::UpdateMaxRecordSize,
            Self::UpdateShardCount(_) => Operation::UpdateShardCount,
            Self::UpdateStreamRecordDistributionStrategy(_) => {
                Operation::UpdateStreamRecordDistributionStrategy
            }
        }
    }

    /// Returns the stream and the shard that the request is aimed at, for faults to tell calls apart. An
    /// iterator names both.
    pub(crate) fn target(&self) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
        let stream = match self {
            Self::GetRecords(input) => {
                let token = input.shard_iterator.as_deref().and_then(|text| IteratorToken::parse(text).ok());
                return token.map_or((None, None), |token| {
                    let shard = token.shard_id().to_string();
                    (Some(Cow::Owned(token.stream)), Some(Cow::Owned(shard)))
                });
            }
            Self::CreateStream(input) => return (input.stream_name.as_deref().map(Cow::Borrowed), None),
            Self::UpdateMaxRecordSize(UpdateMaxRecordSize { arn, .. })
            | Self::UpdateStreamRecordDistributionStrategy(UpdateStreamRecordDistributionStrategy {
                arn,
                ..
            })
            | Self::RegisterStreamConsumer(RegisterStreamConsumer { stream_arn: arn, .. })
            | Self::ListStreamConsumers(ListStreamConsumers { stream_arn: arn, .. }) => {
                return (arn.as_deref().map(name_of).map(Cow::Borrowed), None);
            }
            Self::DeregisterStreamConsumer(input) | Self::DescribeStreamConsumer(input) => {
                let arn = input.arn.as_deref().or(input.stream_arn.as_deref());
                return (arn.map(name_of).map(Cow::Borrowed), None);
            }
            Self::SubscribeToShard(input) => {
                let stream = input.consumer_arn.as_deref().map(name_of);
                return (stream.map(Cow::Borrowed), input.shard_id.as_deref().map(Cow::Borrowed));
            }
            Self::ListStreams(_) => return (None, None),
            Self::DescribeStreamSummary(stream) => stream,
            Self::DeleteStream(input) => &input.stream,
            Self::DescribeStream(input) => &input.stream,
            Self::GetShardIterator(input) => &input.stream,
            Self::ListShards(input) => &input.stream,
            Self::MergeShards(input) => &input.stream,
            Self::PutRecord(input) => &input.stream,
            Self::PutRecords(input) => &input.stream,
            Self::SplitShard(input) => &input.stream,
            Self::UpdateShardCount(input) => &input.stream,
        };
        let shard = match self {
            Self::GetShardIterator(input) => input.shard_id.as_deref(),
            Self::SplitShard(input) => input.shard_to_split.as_deref(),
            Self::MergeShards(input) => input.shard_to_merge.as_deref(),
            _ => None,
        };
        let name = stream.name.as_deref().or(stream.arn.as_deref().map(name_of));
        (name.map(Cow::Borrowed), shard.map(Cow::Borrowed))
    }
}

/// Returns the stream's name in its own ARN or in a consumer's.
fn name_of(arn: &str) -> &str {
    let name = arn.split_once(":stream/").map_or(arn, |(_, name)| name);
    name.split_once('/').map_or(name, |(name, _)| name)
}
