//! Bodies into requests.

use bytes::Bytes;
use serde::Deserialize;

use super::put;
use crate::error::{Error, ErrorCode};
use crate::operation::Operation;
use crate::ops::Request;

/// Reads the body of an operation's request.
pub(crate) fn decode(operation: Operation, body: &Bytes) -> Result<Request, Error> {
    Ok(match operation {
        Operation::CreateStream => Request::CreateStream(parse(body)?),
        Operation::DeleteStream => Request::DeleteStream(parse(body)?),
        Operation::DeregisterStreamConsumer => Request::DeregisterStreamConsumer(parse(body)?),
        Operation::DescribeStream => Request::DescribeStream(parse(body)?),
        Operation::DescribeStreamConsumer => Request::DescribeStreamConsumer(parse(body)?),
        Operation::DescribeStreamSummary => Request::DescribeStreamSummary(parse(body)?),
        Operation::GetRecords => Request::GetRecords(parse(body)?),
        Operation::GetShardIterator => Request::GetShardIterator(parse(body)?),
        Operation::ListShards => Request::ListShards(parse(body)?),
        Operation::ListStreamConsumers => Request::ListStreamConsumers(parse(body)?),
        Operation::ListStreams => Request::ListStreams(parse(body)?),
        Operation::MergeShards => Request::MergeShards(parse(body)?),
        Operation::PutRecord => put::put_record(body)?,
        Operation::PutRecords => put::put_records(body)?,
        Operation::RegisterStreamConsumer => Request::RegisterStreamConsumer(parse(body)?),
        Operation::SplitShard => Request::SplitShard(parse(body)?),
        Operation::SubscribeToShard => Request::SubscribeToShard(parse(body)?),
        Operation::UpdateMaxRecordSize => Request::UpdateMaxRecordSize(parse(body)?),
        Operation::UpdateShardCount => Request::UpdateShardCount(parse(body)?),
        Operation::UpdateStreamRecordDistributionStrategy => {
            Request::UpdateStreamRecordDistributionStrategy(parse(body)?)
        }
    })
}

pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    // Some clients send nothing where they have nothing to say.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Error::new(ErrorCode::Serialization, error.to_string()))
}
