//! GetShardIterator.

use super::describe::parse_shard_id;
use super::output::ShardIterator;
use super::start::Start;
use super::{GetShardIterator, Output};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::operation::Operation;
use crate::store::{IteratorToken, Timestamp};

pub(super) fn get_shard_iterator(
    endpoint: &Endpoint,
    input: &GetShardIterator,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let text = input.shard_id.as_deref().ok_or_else(|| Error::missing("shardId"))?;
    let kind = input.shard_iterator_type.as_deref().ok_or_else(|| Error::missing("shardIteratorType"))?;
    let stream = account.find_serving(input.stream.by_ref(), now)?;
    let shard = parse_shard_id(Some(text), "shardId").and_then(|id| {
        let shard = id.and_then(|id| stream.state(now).topology.shard(id).cloned());
        shard.ok_or_else(|| account.no_such_shard(&stream, text))
    })?;
    let start = Start {
        operation: Operation::GetShardIterator,
        kind,
        sequence_number: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
    };
    let next = start.resolve(&shard, &stream, account.id(), now)?;
    let shard_iterator = IteratorToken::issue(account, &stream, &shard, next, now);
    Ok(Output::Iterator(ShardIterator { shard_iterator }))
}
