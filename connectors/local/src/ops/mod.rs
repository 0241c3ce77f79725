//! The operations: what each does, apart from how it comes over the wire.
//!
//! Each takes its typed input and gives its typed output; a codec stands on either side. None of them awaits.

mod create_delete;
mod describe;
mod get_records;
mod input;
mod iterator;
mod list_shards;
mod output;
mod paging;
mod put;
mod reshard;

pub(crate) use get_records::ReadPage;
pub(crate) use input::{
    CreateStream, DescribeStream, Entry, GetRecords, GetShardIterator, ListShards, ListStreams, MergeShards,
    NamedStream, PutRecord, PutRecords, Request, SplitShard, UpdateMaxRecordSize, UpdateShardCount,
    UpdateStreamRecordDistributionStrategy,
};
pub(crate) use output::{Output, ShardDescription};
pub(crate) use put::{EntryOutcome, PutOutcome};

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::store::Timestamp;

/// Carries out a request.
pub(crate) fn perform(endpoint: &Endpoint, request: Request, now: Timestamp) -> Result<Output, Error> {
    match request {
        Request::CreateStream(input) => create_delete::create_stream(endpoint, &input, now),
        Request::DeleteStream(input) => create_delete::delete_stream(endpoint, &input, now),
        Request::DescribeStream(input) => describe::describe_stream(endpoint, &input, now),
        Request::DescribeStreamSummary(input) => describe::describe_stream_summary(endpoint, &input, now),
        Request::GetRecords(input) => get_records::get_records(endpoint, &input, now),
        Request::GetShardIterator(input) => iterator::get_shard_iterator(endpoint, &input, now),
        Request::ListShards(input) => list_shards::list_shards(endpoint, &input, now),
        Request::ListStreams(input) => describe::list_streams(endpoint, &input, now),
        Request::MergeShards(input) => reshard::merge_shards(endpoint, &input, now),
        Request::PutRecord(input) => put::put_record(endpoint, input, now),
        Request::PutRecords(input) => put::put_records(endpoint, input, now),
        Request::SplitShard(input) => reshard::split_shard(endpoint, &input, now),
        Request::UpdateMaxRecordSize(input) => reshard::update_max_record_size(endpoint, &input, now),
        Request::UpdateShardCount(input) => reshard::update_shard_count(endpoint, &input, now),
        Request::UpdateStreamRecordDistributionStrategy(input) => {
            reshard::update_stream_record_distribution_strategy(endpoint, &input, now)
        }
    }
}
