//! A stream and its shards, by the names of the API.

use aws_sdk_kinesis::types::{Consumer, Shard, StreamDescriptionSummary};
use futures::{StreamExt as _, stream};
use headwater_kinesis::limits;
use serde::Serialize;

use crate::counted::counted;
use crate::note::note;
use crate::stream_api::{Answer, StreamApi, mode, shown};

use super::backlog::Backlog;

/// How many shards are read at a time.
const AT_A_TIME: usize = 8;

/// A stream. What nobody told is null.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Described {
    pub(super) stream_name: String,
    pub(super) stream_arn: String,
    pub(super) stream_status: String,
    pub(super) stream_mode: String,
    pub(super) stream_creation_timestamp: Option<String>,
    pub(super) retention_period_hours: i32,
    pub(super) encryption_type: String,
    pub(super) key_id: Option<String>,
    pub(super) max_record_size_in_kib: usize,
    pub(super) record_distribution_strategy: Option<String>,
    pub(super) open_shard_count: i32,
    pub(super) consumers: Option<Vec<FanOutConsumer>>,
    pub(super) shard_limits_per_second: ShardLimits,
    pub(super) shards: Vec<DescribedShard>,
}

/// A consumer that is registered for enhanced fan-out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FanOutConsumer {
    pub(super) consumer_name: String,
    pub(super) consumer_status: String,
}

/// What each shard takes and gives, to all that poll it together.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ShardLimits {
    /// Records a second
    pub(super) write_records: u64,
    /// Bytes a second, keys included
    pub(super) write_bytes: u64,
    /// Calls a second
    pub(super) read_calls: f64,
    /// Bytes a second
    pub(super) read_bytes: f64,
}

/// A shard.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DescribedShard {
    pub(super) shard_id: String,
    pub(super) state: &'static str,
    pub(super) starting_hash_key: String,
    pub(super) ending_hash_key: String,
    /// How much of all hash keys are its own
    pub(super) share_percent: Option<f64>,
    pub(super) parent_shard_id: Option<String>,
    pub(super) adjacent_parent_shard_id: Option<String>,
    pub(super) starting_sequence_number: String,
    pub(super) ending_sequence_number: Option<String>,
    #[serde(flatten)]
    pub(super) backlog: Option<Backlog>,
}

impl Described {
    /// Asks for all but the backlogs. Consumers that one may not list, or that a server does not know, are left out.
    pub(super) async fn load(api: &StreamApi, closed: bool) -> Answer<Self> {
        let (summary, shards) = futures::try_join!(api.summary(), api.shards())?;
        let consumers = match api.consumers(&summary.stream_arn).await {
            Ok(consumers) => Some(consumers),
            Err(why) => {
                note(format_args!("the consumers are unknown: {why}"));
                None
            }
        };
        let mut shards: Vec<_> = shards.into_iter().map(DescribedShard::from).collect();
        shards.retain(|shard| closed || shard.is_open());
        Ok(Self::new(summary, consumers, shards))
    }

    fn new(
        summary: StreamDescriptionSummary,
        consumers: Option<Vec<Consumer>>,
        shards: Vec<DescribedShard>,
    ) -> Self {
        let kib = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok());
        let consumers = consumers.map(|all| all.into_iter().map(FanOutConsumer::from).collect());
        Self {
            stream_name: summary.stream_name,
            stream_arn: summary.stream_arn,
            stream_status: summary.stream_status.to_string(),
            stream_mode: mode(summary.stream_mode_details),
            stream_creation_timestamp: shown(summary.stream_creation_timestamp),
            retention_period_hours: summary.retention_period_hours,
            encryption_type: summary
                .encryption_type
                .map_or_else(|| "NONE".to_owned(), |encryption| encryption.to_string()),
            key_id: summary.key_id,
            max_record_size_in_kib: kib.unwrap_or(limits::DEFAULT_MAX_RECORD >> 10),
            record_distribution_strategy: summary
                .record_distribution_strategy
                .map(|strategy| strategy.to_string()),
            open_shard_count: summary.open_shard_count,
            consumers,
            shard_limits_per_second: ShardLimits {
                write_records: limits::SHARD_RECORDS_PER_SECOND,
                write_bytes: limits::SHARD_BYTES_PER_SECOND,
                read_calls: limits::GET_CALLS_PER_SECOND,
                read_bytes: limits::GET_BYTES_PER_SECOND,
            },
            shards,
        }
    }

    /// Reads what its shards hold, those that cannot be read left out.
    pub(super) async fn read_backlogs(&mut self, api: &StreamApi) {
        let reads = self.shards.iter_mut().map(async |shard| {
            let read = Backlog::read(api, &shard.shard_id).await;
            read.map(|backlog| shard.backlog = Some(backlog)).err()
        });
        let refused = stream::iter(reads).buffer_unordered(AT_A_TIME).filter_map(async |why| why);
        let refused: Vec<String> = refused.collect().await;
        if let Some(why) = refused.first() {
            let shards = counted(refused.len() as u64, "shard");
            note(format_args!("the lag of {shards} is unknown: {why}"));
        }
    }
}

impl From<Consumer> for FanOutConsumer {
    fn from(consumer: Consumer) -> Self {
        Self { consumer_name: consumer.consumer_name, consumer_status: consumer.consumer_status.to_string() }
    }
}

impl DescribedShard {
    /// Whether it takes records.
    pub(super) fn is_open(&self) -> bool {
        self.ending_sequence_number.is_none()
    }
}

impl From<Shard> for DescribedShard {
    fn from(shard: Shard) -> Self {
        let (first, last) = shard
            .hash_key_range
            .map(|range| (range.starting_hash_key, range.ending_hash_key))
            .unwrap_or_default();
        let (from, to) = shard
            .sequence_number_range
            .map(|range| (range.starting_sequence_number, range.ending_sequence_number))
            .unwrap_or_default();
        Self {
            shard_id: shard.shard_id,
            state: if to.is_none() { "open" } else { "closed" },
            share_percent: share(&first, &last),
            starting_hash_key: first,
            ending_hash_key: last,
            parent_shard_id: shard.parent_shard_id,
            adjacent_parent_shard_id: shard.adjacent_parent_shard_id,
            starting_sequence_number: from,
            ending_sequence_number: to,
            backlog: None,
        }
    }
}

/// Which part of all hash keys a range is, in percent.
fn share(first: &str, last: &str) -> Option<f64> {
    let (first, last): (u128, u128) = (first.parse().ok()?, last.parse().ok()?);
    // A part of 2^128 needs no more than the digits of a double.
    Some((last.checked_sub(first)? as f64 + 1.0) / 2_f64.powi(128) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_a_part_of_all_hash_keys() {
        let (middle, last) = ((1_u128 << 127).to_string(), u128::MAX.to_string());
        assert_eq!(share("0", &last), Some(100.0));
        assert_eq!(share(&middle, &last), Some(50.0));
        assert_eq!(share(&last, "0"), None);
        assert_eq!(share("", "9"), None);
    }
}
