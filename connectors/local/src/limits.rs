//! The limits of Kinesis Data Streams that this endpoint keeps, each with the AWS page that states it.

/// Entries in one PutRecords request.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
pub(crate) const PUT_RECORDS_ENTRIES: usize = 500;

/// Bytes in one PutRecords request, partition keys included.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
pub(crate) const PUT_RECORDS_BYTES: usize = 10 * 1024 * 1024;

/// Bytes of the HTTP body that carries the largest valid PutRecords request: its data as base64, keys of
/// which every character may be a `\u` escape pair, and the JSON around them.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
pub(crate) const BODY_BYTES: usize = PUT_RECORDS_BYTES / 3 * 4 + 4 * 1024 * 1024;

/// Bytes of one record, data and partition key together, whatever its stream allows.
/// <https://docs.aws.amazon.com/streams/latest/dev/large-records.html>
pub(crate) const RECORD_BYTES: usize = 10 * 1024 * 1024;

/// MaxRecordSizeInKiB of a stream that was created without one.
/// <https://docs.aws.amazon.com/streams/latest/dev/large-records.html>
pub(crate) const DEFAULT_MAX_RECORD_KIB: u32 = 1024;

/// Largest MaxRecordSizeInKiB; the smallest is the default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html>
pub(crate) const LARGEST_MAX_RECORD_KIB: u32 = 10 * 1024;

/// Unicode characters of a partition key; it has at least one.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
pub(crate) const PARTITION_KEY_CHARACTERS: usize = 256;

/// Digits of a sequence number that a request may carry.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>
pub(crate) const SEQUENCE_NUMBER_DIGITS: usize = 129;

/// Characters of a stream name.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
pub(crate) const STREAM_NAME_CHARACTERS: usize = 128;

/// Records that one GetRecords call returns, also its default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
pub(crate) const GET_RECORDS_LIMIT: i64 = 10_000;

/// Bytes that one GetRecords call returns.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
pub(crate) const GET_RECORDS_BYTES: usize = 10 * 1024 * 1024;

/// Milliseconds for which a shard iterator can be used.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>
pub(crate) const ITERATOR_LIFETIME_MILLIS: u64 = 5 * 60 * 1000;

/// Milliseconds for which a ListShards or ListStreams token can be used.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>
pub(crate) const NEXT_TOKEN_LIFETIME_MILLIS: u64 = 300 * 1000;

/// Shards in one ListShards page, also its default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>
pub(crate) const LIST_SHARDS_PAGE: usize = 1_000;

/// Shards in one DescribeStream page, also its default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html>
pub(crate) const DESCRIBE_STREAM_PAGE: usize = 100;

/// Streams in one ListStreams page, also its default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>
pub(crate) const LIST_STREAMS_PAGE: usize = 100;

/// The largest value that the paging parameters accept; what exceeds a page is cut to the page.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>
pub(crate) const PAGING_MAXIMUM: i64 = 10_000;

/// Milliseconds for which records are kept by default: 24 hours.
/// <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
pub(crate) const RETENTION_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Shards that an account may have open.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(crate) const ACCOUNT_SHARDS: usize = 20_000;

/// Open shards of a new on-demand stream.
/// <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
pub(crate) const ON_DEMAND_SHARDS: usize = 4;

/// Records that a shard takes in a second.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(crate) const SHARD_WRITE_RECORDS_PER_SECOND: u32 = 1_000;

/// Bytes that a shard takes in a second, partition keys included.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(crate) const SHARD_WRITE_BYTES_PER_SECOND: u32 = 1024 * 1024;

/// GetRecords calls that a shard answers in a second.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(crate) const SHARD_READ_CALLS_PER_SECOND: u32 = 5;

/// Bytes that a shard's GetRecords calls return in a second; a larger page is a debt that later calls wait
/// out.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(crate) const SHARD_READ_BYTES_PER_SECOND: u32 = 2 * 1024 * 1024;

/// Milliseconds by which a timestamp may lie ahead of this endpoint's clock, so that two clocks of one
/// machine need not agree to the millisecond. AWS refuses timestamps in the future and names no tolerance.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>
pub(crate) const FUTURE_TOLERANCE_MILLIS: u64 = 60 * 1000;

/// Consumers that a stream may have.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>
pub(crate) const CONSUMERS: usize = 20;

/// Consumers of a stream that may be CREATING at a time.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>
pub(crate) const CREATING_CONSUMERS: usize = 5;

/// Characters of a consumer's name.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>
pub(crate) const CONSUMER_NAME_CHARACTERS: usize = 128;

/// Consumers in one ListStreamConsumers page, also its default.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html>
pub(crate) const LIST_CONSUMERS_PAGE: usize = 100;

/// Milliseconds after which a subscription ends and must be renewed.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
pub(crate) const SUBSCRIPTION_MILLIS: u64 = 5 * 60 * 1000;

/// Milliseconds after a successful SubscribeToShard call before another may take its subscription over.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
pub(crate) const RESUBSCRIBE_MILLIS: u64 = 5 * 1000;

/// Milliseconds between the events of a subscription to which no record comes. AWS sends events without records
/// and states no interval; this is about what its own are.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShardEvent.html>
pub(crate) const HEARTBEAT_MILLIS: u64 = 5 * 1000;

/// Bytes of records in one event, which is half of what a subscription gets in a second. AWS states no limit.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShardEvent.html>
pub(crate) const EVENT_BYTES: usize = 1024 * 1024;

/// Records in one event, as many as GetRecords returns. AWS states no limit.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShardEvent.html>
pub(crate) const EVENT_RECORDS: usize = 10_000;

/// SubscribeToShard calls that a consumer may make for a shard in a second.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
pub(crate) const SUBSCRIBE_CALLS_PER_SECOND: u32 = 1;

/// Bytes that a shard pushes to each of its consumers in a second.
/// <https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html>
pub(crate) const SUBSCRIPTION_BYTES_PER_SECOND: u32 = 2 * 1024 * 1024;
