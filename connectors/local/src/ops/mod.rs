//! The operations: what each does, apart from how it comes over the wire.
//!
//! Each takes its typed input and gives its typed output; a codec stands on either side. None of them awaits.

mod consumers;
mod create_delete;
mod decode;
mod describe;
mod get_records;
mod input;
mod iterator;
mod list_shards;
mod output;
mod paging;
mod put;
mod reading;
mod reshard;
mod start;
mod subscribe;

pub(crate) use consumers::register;
pub(crate) use decode::{Body, decode};
pub(crate) use get_records::ReadPage;
pub(crate) use input::{
    CreateStream, DeleteStream, DescribeStream, Entry, GetRecords, GetShardIterator, ListShards,
    ListStreamConsumers, ListStreams, MergeShards, NamedConsumer, NamedStream, PutRecord, PutRecords,
    RegisterStreamConsumer, Request, SplitShard, SubscribeToShard, UpdateMaxRecordSize, UpdateShardCount,
    UpdateStreamRecordDistributionStrategy,
};
pub(crate) use output::{Output, ShardDescription};
pub(crate) use put::{EntryOutcome, PutOutcome};
pub(crate) use reading::Reading;
pub(crate) use subscribe::Subscribed;

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::store::Timestamp;

/// Carries out a request.
pub(crate) fn perform(endpoint: &Endpoint, request: Request, now: Timestamp) -> Result<Output, Error> {
    match request {
        Request::CreateStream(input) => create_delete::create_stream(endpoint, &input, now),
        Request::DeleteStream(input) => create_delete::delete_stream(endpoint, &input, now),
        Request::DeregisterStreamConsumer(input) => consumers::deregister_consumer(endpoint, &input, now),
        Request::DescribeStreamConsumer(input) => consumers::describe_consumer(endpoint, &input, now),
        Request::DescribeStream(input) => describe::describe_stream(endpoint, &input, now),
        Request::DescribeStreamSummary(input) => describe::describe_stream_summary(endpoint, &input, now),
        Request::GetRecords(input) => get_records::get_records(endpoint, &input, now),
        Request::GetShardIterator(input) => iterator::get_shard_iterator(endpoint, &input, now),
        Request::ListShards(input) => list_shards::list_shards(endpoint, &input, now),
        Request::ListStreamConsumers(input) => consumers::list_consumers(endpoint, &input, now),
        Request::ListStreams(input) => describe::list_streams(endpoint, &input, now),
        Request::MergeShards(input) => reshard::merge_shards(endpoint, &input, now),
        Request::PutRecord(input) => put::put_record(endpoint, input, now),
        Request::PutRecords(input) => put::put_records(endpoint, input, now),
        Request::RegisterStreamConsumer(input) => consumers::register_consumer(endpoint, &input, now),
        Request::SubscribeToShard(input) => subscribe::subscribe_to_shard(endpoint, &input, now),
        Request::SplitShard(input) => reshard::split_shard(endpoint, &input, now),
        Request::UpdateMaxRecordSize(input) => reshard::update_max_record_size(endpoint, &input, now),
        Request::UpdateShardCount(input) => reshard::update_shard_count(endpoint, &input, now),
        Request::UpdateStreamRecordDistributionStrategy(input) => {
            reshard::update_stream_record_distribution_strategy(endpoint, &input, now)
        }
    }
}
