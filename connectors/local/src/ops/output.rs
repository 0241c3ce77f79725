//! What each operation gives.

use ciborium::tag::Required;
use serde::Serialize;

use super::{PutOutcome, ReadPage, Subscribed};
use crate::store::{Consumer, HashKeyRange, Shard, Timestamp};

/// The answer to a request of any operation. Those of records are written by the format itself, the others by serde.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Output {
    #[serde(skip_serializing)]
    Empty,
    Description(Description),
    Summary(Summary),
    Streams(Streams),
    Shards(Shards),
    Iterator(ShardIterator),
    ShardCount(ShardCount),
    #[serde(skip_serializing)]
    Stored(PutOutcome),
    #[serde(skip_serializing)]
    Entries(PutOutcome),
    #[serde(skip_serializing)]
    Page(ReadPage),
    Registered(Registered),
    Consumer(ConsumerDescription),
    Consumers(Consumers),
    #[serde(skip_serializing)]
    Subscribed(Subscribed),
}

/// A point in time: fractional seconds in text, as milliseconds since 1970 lose nothing in a double, and elsewhere the
/// milliseconds that [`cbor`](crate::cbor) tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        } else {
            Required::<_, 1>(self.0).serialize(serializer)
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardIterator {
    pub(crate) shard_iterator: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Description {
    pub(crate) stream_description: StreamDescription,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamDescription {
    pub(crate) stream_name: String,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: String,
    pub(crate) stream_status: &'static str,
    pub(crate) stream_mode_details: StreamMode,
    pub(crate) shards: Vec<ShardDescription>,
    pub(crate) has_more_shards: bool,
    pub(crate) retention_period_hours: u64,
    pub(crate) stream_creation_timestamp: Seconds,
    pub(crate) enhanced_monitoring: [Monitoring; 1],
    pub(crate) encryption_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Summary {
    pub(crate) stream_description_summary: StreamDescriptionSummary,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamDescriptionSummary {
    pub(crate) stream_name: String,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: String,
    pub(crate) stream_status: &'static str,
    pub(crate) stream_mode_details: StreamMode,
    pub(crate) retention_period_hours: u64,
    pub(crate) stream_creation_timestamp: Seconds,
    pub(crate) enhanced_monitoring: [Monitoring; 1],
    pub(crate) encryption_type: &'static str,
    pub(crate) open_shard_count: usize,
    pub(crate) consumer_count: usize,
    #[serde(rename = "MaxRecordSizeInKiB")]
    pub(crate) max_record_size_in_kib: u32,
    pub(crate) record_distribution_strategy: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamMode {
    pub(crate) stream_mode: &'static str,
}

impl StreamMode {
    pub(crate) fn new(on_demand: bool) -> Self {
        Self { stream_mode: if on_demand { "ON_DEMAND" } else { "PROVISIONED" } }
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Monitoring {
    pub(crate) shard_level_metrics: [String; 0],
}

#[expect(clippy::struct_field_names, reason = "the members are named as the API names them")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Streams {
    pub(crate) stream_names: Vec<String>,
    pub(crate) stream_summaries: Vec<StreamSummary>,
    pub(crate) has_more_streams: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_token: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the members are named as the API names them")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StreamSummary {
    pub(crate) stream_name: String,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: String,
    pub(crate) stream_status: &'static str,
    pub(crate) stream_mode_details: StreamMode,
    pub(crate) stream_creation_timestamp: Seconds,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Shards {
    pub(crate) shards: Vec<ShardDescription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_token: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardDescription {
    pub(crate) shard_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_shard_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adjacent_parent_shard_id: Option<String>,
    pub(crate) hash_key_range: HashKeys,
    pub(crate) sequence_number_range: SequenceNumbers,
}

/// A range of hash keys, in decimal.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HashKeys {
    pub(crate) starting_hash_key: String,
    pub(crate) ending_hash_key: String,
}

impl From<HashKeyRange> for HashKeys {
    fn from(range: HashKeyRange) -> Self {
        Self { starting_hash_key: range.starting.to_string(), ending_hash_key: range.ending.to_string() }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SequenceNumbers {
    pub(crate) starting_sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ending_sequence_number: Option<String>,
}

impl From<&Shard> for ShardDescription {
    fn from(shard: &Shard) -> Self {
        let ending = shard.log().closing().map(|closing| shard.sequence_number(closing.counter).to_string());
        Self {
            shard_id: shard.name.to_string(),
            parent_shard_id: shard.parent.map(|id| id.to_string()),
            adjacent_parent_shard_id: shard.adjacent_parent.map(|id| id.to_string()),
            hash_key_range: shard.range.into(),
            sequence_number_range: SequenceNumbers {
                starting_sequence_number: shard.sequence_number(0).to_string(),
                ending_sequence_number: ending,
            },
        }
    }
}

#[expect(clippy::struct_field_names, reason = "the members are named as the API names them")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardCount {
    pub(crate) stream_name: String,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: String,
    pub(crate) current_shard_count: usize,
    pub(crate) target_shard_count: usize,
}

/// A shard that follows one that has been read to its end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChildShard {
    pub(crate) shard_id: String,
    pub(crate) parent_shards: Vec<String>,
    pub(crate) hash_key_range: HashKeys,
}

impl From<&Shard> for ChildShard {
    fn from(shard: &Shard) -> Self {
        Self {
            shard_id: shard.name.to_string(),
            parent_shards: shard
                .parent
                .into_iter()
                .chain(shard.adjacent_parent)
                .map(|id| id.to_string())
                .collect(),
            hash_key_range: shard.range.into(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Registered {
    pub(crate) consumer: ConsumerSummary,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConsumerDescription {
    pub(crate) consumer_description: DescribedConsumer,
}

#[derive(Debug, Serialize)]
pub(crate) struct DescribedConsumer {
    #[serde(flatten)]
    pub(crate) summary: ConsumerSummary,
    #[serde(rename = "StreamARN")]
    pub(crate) stream_arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Consumers {
    pub(crate) consumers: Vec<ConsumerSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_token: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the members are named as the API names them")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConsumerSummary {
    pub(crate) consumer_name: String,
    #[serde(rename = "ConsumerARN")]
    pub(crate) consumer_arn: String,
    pub(crate) consumer_status: &'static str,
    pub(crate) consumer_creation_timestamp: Seconds,
}

impl ConsumerSummary {
    pub(crate) fn new(consumer: &Consumer, now: Timestamp) -> Self {
        Self {
            consumer_name: consumer.name.clone(),
            consumer_arn: consumer.arn.clone(),
            consumer_status: consumer.status(now),
            consumer_creation_timestamp: Seconds(consumer.created),
        }
    }
}
