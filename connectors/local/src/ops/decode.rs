//! Bodies into requests, in whichever format.

use serde::de::DeserializeOwned;

use super::{PutRecord, PutRecords, Request};
use crate::error::Error;
use crate::operation::Operation;

/// A body, which its format knows how to read.
pub(crate) trait Body {
    /// Reads the input of a rare call.
    fn members<T: DeserializeOwned>(&self) -> Result<T, Error>;

    /// Reads the input of PutRecord, sharing the body.
    fn put_record(&self) -> Result<PutRecord, Error>;

    /// Reads the input of PutRecords, sharing the body.
    fn put_records(&self) -> Result<PutRecords, Error>;
}

/// Reads the body of an operation's request.
pub(crate) fn decode(operation: Operation, body: &impl Body) -> Result<Request, Error> {
    Ok(match operation {
        Operation::CreateStream => Request::CreateStream(body.members()?),
        Operation::DeleteStream => Request::DeleteStream(body.members()?),
        Operation::DeregisterStreamConsumer => Request::DeregisterStreamConsumer(body.members()?),
        Operation::DescribeStream => Request::DescribeStream(body.members()?),
        Operation::DescribeStreamConsumer => Request::DescribeStreamConsumer(body.members()?),
        Operation::DescribeStreamSummary => Request::DescribeStreamSummary(body.members()?),
        Operation::GetRecords => Request::GetRecords(body.members()?),
        Operation::GetShardIterator => Request::GetShardIterator(body.members()?),
        Operation::ListShards => Request::ListShards(body.members()?),
        Operation::ListStreamConsumers => Request::ListStreamConsumers(body.members()?),
        Operation::ListStreams => Request::ListStreams(body.members()?),
        Operation::MergeShards => Request::MergeShards(body.members()?),
        Operation::PutRecord => Request::PutRecord(body.put_record()?),
        Operation::PutRecords => Request::PutRecords(body.put_records()?),
        Operation::RegisterStreamConsumer => Request::RegisterStreamConsumer(body.members()?),
        Operation::SplitShard => Request::SplitShard(body.members()?),
        Operation::SubscribeToShard => Request::SubscribeToShard(body.members()?),
        Operation::UpdateMaxRecordSize => Request::UpdateMaxRecordSize(body.members()?),
        Operation::UpdateShardCount => Request::UpdateShardCount(body.members()?),
        Operation::UpdateStreamRecordDistributionStrategy => {
            Request::UpdateStreamRecordDistributionStrategy(body.members()?)
        }
    })
}
