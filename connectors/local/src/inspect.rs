//! What a look into an endpoint shows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::store::{Consumer, Record, Shard, Timestamp};

/// A record as a shard stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// The shard that it is in.
    pub shard_id: String,
    /// Its 56-digit sequence number.
    pub sequence_number: String,
    /// The key it was written with. Empty where a stream that distributes by itself was given none.
    pub partition_key: String,
    /// The explicit hash key it was written with, if any. GetRecords does not return it.
    pub explicit_hash_key: Option<u128>,
    /// The data.
    pub data: Bytes,
    /// When it arrived, to the millisecond.
    pub arrival: SystemTime,
}

/// A shard as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardInfo {
    /// The shard's id, such as `shardId-000000000000`.
    pub shard_id: String,
    /// The shard that was split, or the first of two that were merged.
    pub parent: Option<String>,
    /// The second of two shards that were merged.
    pub adjacent_parent: Option<String>,
    /// The first hash key it owns.
    pub starting_hash_key: u128,
    /// The last hash key it owns.
    pub ending_hash_key: u128,
    /// Whether it still takes records.
    pub is_open: bool,
    /// How many records it stores.
    pub records: usize,
}

/// A consumer as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerInfo {
    /// The name it was registered with.
    pub name: String,
    /// Its ARN, which SubscribeToShard takes.
    pub arn: String,
    /// Whether it can subscribe: it is neither CREATING nor DELETING.
    pub is_active: bool,
    /// How many subscriptions it has.
    pub subscriptions: usize,
}

impl StoredRecord {
    pub(crate) fn new(shard: &Shard, record: &Record) -> Self {
        Self {
            shard_id: shard.name.to_string(),
            sequence_number: shard.sequence_number(record.counter).to_string(),
            partition_key: record.partition_key.as_str().to_owned(),
            explicit_hash_key: record.explicit_hash_key,
            data: record.payload.decode(),
            arrival: UNIX_EPOCH + Duration::from_millis(record.arrival),
        }
    }
}

impl ConsumerInfo {
    pub(crate) fn new(consumer: &Consumer, now: Timestamp) -> Self {
        Self {
            name: consumer.name.clone(),
            arn: consumer.arn.clone(),
            is_active: consumer.is_active(now),
            subscriptions: consumer.live().count(),
        }
    }
}

impl ShardInfo {
    pub(crate) fn new(shard: &Shard, is_open: bool) -> Self {
        Self {
            shard_id: shard.name.to_string(),
            parent: shard.parent.map(|id| id.to_string()),
            adjacent_parent: shard.adjacent_parent.map(|id| id.to_string()),
            starting_hash_key: shard.range.starting,
            ending_hash_key: shard.range.ending,
            is_open,
            records: shard.log().len(),
        }
    }
}
