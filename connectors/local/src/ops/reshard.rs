//! SplitShard, MergeShards, UpdateShardCount, UpdateMaxRecordSize and UpdateStreamRecordDistributionStrategy.

use std::sync::Arc;

use super::create_delete::max_record_kib;
use super::describe::parse_shard_id;
use super::output::ShardCount;
use super::paging::in_range;
use super::{
    MergeShards, Output, SplitShard, UpdateMaxRecordSize, UpdateShardCount,
    UpdateStreamRecordDistributionStrategy,
};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::store::{
    Change, Distribution, Shard, Stream, StreamRef, StreamState, Timestamp, parse_explicit_hash_key,
};

pub(super) fn split_shard(endpoint: &Endpoint, input: &SplitShard, now: Timestamp) -> Result<Output, Error> {
    let account = &endpoint.account;
    let id = input.shard_to_split.as_deref().ok_or_else(|| Error::missing("shardToSplit"))?;
    let key = input.new_starting_hash_key.as_deref().ok_or_else(|| Error::missing("newStartingHashKey"))?;
    let starting_hash_key = parse_explicit_hash_key(key, || "newStartingHashKey".to_owned())?;
    let stream = account.find(input.stream.by_ref(), now)?;
    update(endpoint, &stream, now, |state| {
        let shard = open_shard(endpoint, &stream, state, id)?;
        if shard.range.split(starting_hash_key).is_none() {
            return Err(Error::invalid_argument(format!(
                "NewStartingHashKey {key} used in SplitShard() on shard {id} in stream {} under account {} is not \
                 both greater than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey \
                 {}.",
                stream.name,
                account.id(),
                shard.range.starting,
                shard.range.ending,
            )));
        }
        check_account(endpoint, 1, state)?;
        Ok(Change::Split { shard: shard.id, starting_hash_key })
    })
}

pub(super) fn merge_shards(
    endpoint: &Endpoint,
    input: &MergeShards,
    now: Timestamp,
) -> Result<Output, Error> {
    let id = input.shard_to_merge.as_deref().ok_or_else(|| Error::missing("shardToMerge"))?;
    let adjacent = input.adjacent_shard_to_merge.as_deref();
    let adjacent = adjacent.ok_or_else(|| Error::missing("adjacentShardToMerge"))?;
    let stream = endpoint.account.find(input.stream.by_ref(), now)?;
    update(endpoint, &stream, now, |state| {
        let shard = open_shard(endpoint, &stream, state, id)?;
        let other = open_shard(endpoint, &stream, state, adjacent)?;
        if shard.range.join(other.range).is_none() {
            return Err(Error::invalid_argument(format!(
                "Shards {id} and {adjacent} in stream {} under account {} are not an adjacent pair of shards \
                 eligible for merging",
                stream.name,
                endpoint.account.id(),
            )));
        }
        Ok(Change::Merge { shard: shard.id, adjacent: other.id })
    })
}

pub(super) fn update_shard_count(
    endpoint: &Endpoint,
    input: &UpdateShardCount,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let target = in_range(input.target_shard_count, "targetShardCount", 1, i64::from(u32::MAX))?;
    let target = target.ok_or_else(|| Error::missing("targetShardCount"))? as usize;
    if input.scaling_type.as_deref() != Some("UNIFORM_SCALING") {
        let rule = "satisfy enum value set: [UNIFORM_SCALING]";
        return Err(Error::constraint(input.scaling_type.as_deref(), "scalingType", rule));
    }
    let stream = account.find(input.stream.by_ref(), now)?;
    if stream.on_demand {
        let message = "UpdateShardCount is not supported for streams in ON_DEMAND mode.";
        return Err(Error::new(ErrorCode::Validation, message));
    }
    let mut current = 0;
    update(endpoint, &stream, now, |state| {
        current = state.topology.open().len();
        check_target(current, target)?;
        check_account(endpoint, target.saturating_sub(current), state)?;
        Ok(Change::Scale { shards: target })
    })?;
    Ok(Output::ShardCount(ShardCount {
        stream_name: stream.name.clone(),
        stream_arn: stream.arn.clone(),
        current_shard_count: current,
        target_shard_count: target,
    }))
}

pub(super) fn update_max_record_size(
    endpoint: &Endpoint,
    input: &UpdateMaxRecordSize,
    now: Timestamp,
) -> Result<Output, Error> {
    let kib = max_record_kib(input.max_record_size_in_kib)?;
    let kib = kib.ok_or_else(|| Error::missing("maxRecordSizeInKiB"))?;
    let arn = input.arn.as_deref().ok_or_else(|| Error::missing("streamARN"))?;
    let stream = endpoint.account.find(StreamRef { name: None, arn: Some(arn) }, now)?;
    update(endpoint, &stream, now, |_| Ok(Change::MaxRecordSize { kib }))
}

pub(super) fn update_stream_record_distribution_strategy(
    endpoint: &Endpoint,
    input: &UpdateStreamRecordDistributionStrategy,
    now: Timestamp,
) -> Result<Output, Error> {
    let strategy = input.strategy.as_deref();
    let strategy = strategy.ok_or_else(|| Error::missing("recordDistributionStrategy"))?;
    let arn = input.arn.as_deref().ok_or_else(|| Error::missing("streamARN"))?;
    let stream = endpoint.account.find(StreamRef { name: None, arn: Some(arn) }, now)?;
    let distribution = Distribution::parse(strategy, stream.on_demand)?;
    update(endpoint, &stream, now, |_| Ok(Change::Distribution(distribution)))
}

fn update(
    endpoint: &Endpoint,
    stream: &Stream,
    now: Timestamp,
    check: impl FnOnce(&StreamState) -> Result<Change, Error>,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    stream.update(now, account.settings.update_delay, account.id(), check)?;
    Ok(Output::Empty)
}

/// Finds a shard that can still change.
fn open_shard(
    endpoint: &Endpoint,
    stream: &Stream,
    state: &StreamState,
    text: &str,
) -> Result<Arc<Shard>, Error> {
    let account = &endpoint.account;
    let unknown = || account.no_such_shard(stream, text);
    let id = parse_shard_id(Some(text), "shardId")?.ok_or_else(unknown)?;
    let shard = state.topology.shard(id).ok_or_else(unknown)?;
    if !state.topology.is_open(shard) {
        return Err(Error::invalid_argument(format!(
            "Shard {text} in stream {} under account {} is not open: it has been split or merged.",
            stream.name,
            account.id(),
        )));
    }
    Ok(Arc::clone(shard))
}

fn check_target(current: usize, target: usize) -> Result<(), Error> {
    let beyond = if target > 2 * current {
        "up over double"
    } else if 2 * target < current {
        "down below half"
    } else {
        return Ok(());
    };
    let message = format!(
        "UpdateShardCount cannot scale {beyond} your current open shard count. Current open shard count: {current} \
         Target shard count: {target}"
    );
    Err(Error::invalid_argument(message))
}

/// Checks the account's shard limit against this stream alone: its own lock is held, and waiting for those of
/// the others meanwhile could wait for ever.
fn check_account(endpoint: &Endpoint, more: usize, state: &StreamState) -> Result<(), Error> {
    endpoint.account.check_shard_limit(state.topology.open().len(), more)
}
