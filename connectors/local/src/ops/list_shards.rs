//! ListShards.

use serde::{Deserialize, Serialize};

use super::describe::{parse_shard_id, shown};
use super::input::ShardFilter;
use super::output::Shards;
use super::paging::{cut, next_token, page_size, resume};
use super::start::millis_of;
use super::{ListShards, Output, ShardDescription};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::limits;
use crate::store::{Shard, ShardId, StreamRef, StreamState, Timestamp};

/// Which shards a list holds. Times are resolved when the list begins, so that all its pages mean the same.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Filter {
    All,
    Open,
    /// Open at the time, the moment of closing excluded.
    During(Timestamp),
    /// Open at the time, the moments of opening and closing included.
    At(Timestamp),
    /// Not closed before the time.
    From(Timestamp),
}

/// A list that goes on: everything that its first call said.
#[derive(Debug, Serialize, Deserialize)]
struct Rest {
    stream: String,
    generation: u64,
    after: Option<u32>,
    filter: Filter,
}

pub(super) fn list_shards(endpoint: &Endpoint, input: &ListShards, now: Timestamp) -> Result<Output, Error> {
    let size = page_size(input.max_results, "maxResults", limits::LIST_SHARDS_PAGE)?;
    let mut list = match &input.next_token {
        Some(token) => {
            check_alone(input)?;
            resume::<Rest>(token, now)?
        }
        None => begin(endpoint, input, now)?,
    };
    let by_name = StreamRef { name: Some(&list.stream), arn: None };
    let stream = endpoint.account.find(by_name, now)?;
    if stream.generation != list.generation {
        return Err(stream.not_found(endpoint.account.id()));
    }
    let state = stream.state(now);
    if !state.phase.serves() {
        return Err(stream.not_active(&state, endpoint.account.id()));
    }
    let after = list.after.map(ShardId::new);
    let listed = shown(&state)
        .filter(|shard| after.is_none_or(|after| shard.id > after) && list.filter.admits(shard, &state))
        .take(size + 1);
    let (page, more) = cut(listed.collect(), size);
    list.after = page.last().map(|shard| shard.id.index());
    Ok(Output::Shards(Shards {
        shards: page.into_iter().map(|shard| ShardDescription::from(&**shard)).collect(),
        next_token: more.then(|| next_token(list, now)),
    }))
}

/// A NextToken says everything but the page size.
fn check_alone(input: &ListShards) -> Result<(), Error> {
    let other = [
        ("StreamName", input.stream.name.is_some()),
        ("StreamARN", input.stream.arn.is_some()),
        ("StreamCreationTimestamp", input.stream_creation_timestamp.is_some()),
        ("ExclusiveStartShardId", input.exclusive_start_shard_id.is_some()),
        ("ShardFilter", input.shard_filter.is_some()),
    ];
    match other.into_iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            Err(Error::invalid_argument(format!("NextToken and {name} cannot be provided together.")))
        }
        None => Ok(()),
    }
}

fn begin(endpoint: &Endpoint, input: &ListShards, now: Timestamp) -> Result<Rest, Error> {
    let mut after = parse_shard_id(input.exclusive_start_shard_id.as_deref(), "exclusiveStartShardId")?;
    let stream = endpoint.account.find(input.stream.by_ref(), now)?;
    let created = input.stream_creation_timestamp.map(millis_of);
    if created.is_some_and(|created| created / 1000 != stream.created / 1000) {
        return Err(stream.not_found(endpoint.account.id()));
    }
    let state = stream.state(now);
    // Before it was created a stream had no shards: its first ones count as open since ever.
    let oldest = state.horizon(now).max(stream.created);
    let mut filter = Filter::All;
    if let Some(asked) = &input.shard_filter {
        let first;
        (filter, first) = read_filter(asked, oldest, now)?;
        after = first.or(after);
    }
    Ok(Rest {
        stream: stream.name.clone(),
        generation: stream.generation,
        after: after.map(ShardId::index),
        filter,
    })
}

fn read_filter(
    asked: &ShardFilter,
    oldest: Timestamp,
    now: Timestamp,
) -> Result<(Filter, Option<ShardId>), Error> {
    let kind = asked.kind.as_deref().ok_or_else(|| Error::missing("shardFilter.type"))?;
    let timestamp = || -> Result<Timestamp, Error> {
        let at = asked.timestamp.map(millis_of).ok_or_else(|| {
            Error::invalid_argument(format!("ShardFilter of type {kind} needs a Timestamp."))
        })?;
        if at > now + limits::FUTURE_TOLERANCE_MILLIS {
            return Err(Error::invalid_argument("The ShardFilter's Timestamp lies in the future."));
        }
        Ok(at)
    };
    let filter = match kind {
        "FROM_TRIM_HORIZON" => Filter::All,
        "AT_LATEST" => Filter::Open,
        "AT_TRIM_HORIZON" => Filter::During(oldest),
        "AT_TIMESTAMP" => match timestamp()? {
            at if at <= oldest => Filter::During(oldest),
            at if at >= now => Filter::Open,
            at => Filter::At(at),
        },
        "FROM_TIMESTAMP" => Filter::From(timestamp()?),
        "AFTER_SHARD_ID" => {
            let after = parse_shard_id(asked.shard_id.as_deref(), "shardFilter.shardId")?;
            let missing = || Error::invalid_argument("ShardFilter of type AFTER_SHARD_ID needs a ShardId.");
            return Ok((Filter::All, Some(after.ok_or_else(missing)?)));
        }
        other => {
            let rule = "satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, \
                        AT_TIMESTAMP, FROM_TIMESTAMP]";
            return Err(Error::constraint(Some(other), "shardFilter.type", rule));
        }
    };
    Ok((filter, None))
}

impl Filter {
    fn admits(self, shard: &Shard, state: &StreamState) -> bool {
        let closed = || shard.log().closing().map(|closing| closing.at);
        match self {
            Self::All => true,
            Self::Open => state.topology.is_open(shard),
            Self::During(at) => shard.opened <= at && closed().is_none_or(|closed| closed > at),
            Self::At(at) => shard.opened <= at && closed().is_none_or(|closed| closed >= at),
            Self::From(at) => closed().is_none_or(|closed| closed >= at),
        }
    }
}
