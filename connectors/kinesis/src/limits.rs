//! The quotas of Kinesis Data Streams. Nothing else in this crate repeats a number.
//!
//! Source: [Quotas and limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html), and the
//! pages of the operations where one is named.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The most records in one PutRecords request.
/// Source: [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html).
pub const PUT_RECORDS: usize = 500;

/// The most bytes in one PutRecords request, partition keys included (10 MiB).
/// Source: [PutRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html).
pub const PUT_BYTES: usize = 10 << 20;

/// The most bytes of one record, data and partition key together, unless the stream allows more (1 MiB).
/// Source: [UpdateMaxRecordSize](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html).
pub const DEFAULT_MAX_RECORD: usize = 1 << 20;

/// How many Unicode characters a partition key has.
/// Source: [PutRecordsRequestEntry](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html).
pub const PARTITION_KEY_CHARS: RangeInclusive<usize> = 1..=256;

/// How many records a shard takes in a second.
pub const SHARD_RECORDS_PER_SECOND: u64 = 1_000;

/// How many bytes a shard takes in a second (1 MiB).
pub const SHARD_BYTES_PER_SECOND: u64 = 1 << 20;

/// The most records in one GetRecords answer.
/// Source: [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).
pub const GET_RECORDS: RangeInclusive<u32> = 1..=10_000;

/// The most bytes in one GetRecords answer (10 MiB).
/// Source: [GetRecords](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).
pub const GET_BYTES: usize = 10 << 20;

/// How many GetRecords calls a shard answers in a second, over all its readers.
pub const GET_CALLS_PER_SECOND: f64 = 5.0;

/// How many bytes a shard gives in a second, over all its polling readers (2 MiB).
pub const GET_BYTES_PER_SECOND: f64 = (2 << 20) as f64;

/// How many characters the name of a stream has.
/// Source: [CreateStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html).
pub const STREAM_NAME_CHARS: RangeInclusive<usize> = 1..=128;

/// The pause between two looks at a stream that is not ACTIVE yet. DescribeStreamSummary allows 20 a second and
/// account.
/// Source: [DescribeStreamSummary](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html).
pub const DESCRIBE_PAUSE: Duration = Duration::from_millis(500);

/// How many characters the name of a registered consumer has.
/// Source: [RegisterStreamConsumer](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html).
pub const CONSUMER_NAME_CHARS: RangeInclusive<usize> = 1..=128;

/// How long after a successful SubscribeToShard call another for the same consumer and shard is refused.
/// Source: [SubscribeToShard](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html).
pub const SUBSCRIBE_PAUSE: Duration = Duration::from_secs(5);
