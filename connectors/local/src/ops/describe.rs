//! DescribeStream, DescribeStreamSummary and ListStreams.

use super::output::{
    Description, Monitoring, Seconds, StreamDescription, StreamDescriptionSummary, StreamMode, StreamSummary,
    Streams, Summary,
};
use super::paging::{cut, next_token, page_size, resume};
use super::{DescribeStream, ListStreams, NamedStream, Output, ShardDescription};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::limits;
use crate::store::{Phase, ShardId, StreamState, Timestamp};

const MILLIS_PER_HOUR: u64 = 60 * 60 * 1000;

pub(super) fn describe_stream(
    endpoint: &Endpoint,
    input: &DescribeStream,
    now: Timestamp,
) -> Result<Output, Error> {
    let size = page_size(input.limit, "limit", limits::DESCRIBE_STREAM_PAGE)?;
    let after = parse_shard_id(input.exclusive_start_shard_id.as_deref(), "exclusiveStartShardId")?;
    let stream = endpoint.account.find(input.stream.by_ref(), now)?;
    let state = stream.state(now);
    let listed = shown(&state).filter(|shard| after.is_none_or(|after| shard.id > after)).take(size + 1);
    let (shards, has_more_shards) = cut(listed.map(|shard| ShardDescription::from(&**shard)).collect(), size);
    Ok(Output::Description(Description {
        stream_description: StreamDescription {
            stream_name: stream.name.clone(),
            stream_arn: stream.arn.clone(),
            stream_status: state.phase.status(),
            stream_mode_details: StreamMode::new(stream.on_demand),
            shards,
            has_more_shards,
            retention_period_hours: state.retention_millis.div_ceil(MILLIS_PER_HOUR),
            stream_creation_timestamp: Seconds(stream.created),
            enhanced_monitoring: [Monitoring::default()],
            encryption_type: "NONE",
        },
    }))
}

pub(super) fn describe_stream_summary(
    endpoint: &Endpoint,
    input: &NamedStream,
    now: Timestamp,
) -> Result<Output, Error> {
    let stream = endpoint.account.find(input.by_ref(), now)?;
    let state = stream.state(now);
    let creating = matches!(state.phase, Phase::Creating { .. });
    Ok(Output::Summary(Summary {
        stream_description_summary: StreamDescriptionSummary {
            stream_name: stream.name.clone(),
            stream_arn: stream.arn.clone(),
            stream_status: state.phase.status(),
            stream_mode_details: StreamMode::new(stream.on_demand),
            retention_period_hours: state.retention_millis.div_ceil(MILLIS_PER_HOUR),
            stream_creation_timestamp: Seconds(stream.created),
            enhanced_monitoring: [Monitoring::default()],
            encryption_type: "NONE",
            open_shard_count: if creating { 0 } else { state.topology.open().len() },
            consumer_count: state.consumers.len(),
            max_record_size_in_kib: state.max_record_kib,
            record_distribution_strategy: state.distribution.name(),
        },
    }))
}

pub(super) fn list_streams(
    endpoint: &Endpoint,
    input: &ListStreams,
    now: Timestamp,
) -> Result<Output, Error> {
    let size = page_size(input.limit, "limit", limits::LIST_STREAMS_PAGE)?;
    let after = match (&input.next_token, &input.exclusive_start_stream_name) {
        (Some(token), None) => Some(resume::<String>(token, now)?),
        (None, after) => after.clone(),
        (Some(_), Some(_)) => {
            let message = "NextToken and ExclusiveStartStreamName cannot be provided together.";
            return Err(Error::invalid_argument(message));
        }
    };
    let streams = endpoint.account.list(now);
    let rest = streams.into_iter().filter(|stream| after.as_ref().is_none_or(|after| stream.name > *after));
    let (page, has_more_streams) = cut(rest.take(size + 1).collect(), size);
    let last = page.last().map(|stream| &stream.name);
    Ok(Output::Streams(Streams {
        next_token: last.filter(|_| has_more_streams).map(|last| next_token(last, now)),
        has_more_streams,
        stream_names: page.iter().map(|stream| stream.name.clone()).collect(),
        stream_summaries: page
            .iter()
            .map(|stream| StreamSummary {
                stream_name: stream.name.clone(),
                stream_arn: stream.arn.clone(),
                stream_status: stream.state(now).phase.status(),
                stream_mode_details: StreamMode::new(stream.on_demand),
                stream_creation_timestamp: Seconds(stream.created),
            })
            .collect(),
    }))
}

/// The shards that a stream shows: none until it is created.
pub(super) fn shown(state: &StreamState) -> impl Iterator<Item = &std::sync::Arc<crate::store::Shard>> {
    let shards = if matches!(state.phase, Phase::Creating { .. }) { &[] } else { state.topology.shards() };
    shards.iter()
}

/// Reads a shard id that may be that of a shard which is gone.
pub(super) fn parse_shard_id(text: Option<&str>, at: &str) -> Result<Option<ShardId>, Error> {
    let Some(text) = text else { return Ok(None) };
    let well_formed = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if !well_formed {
        let rule = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
        return Err(Error::constraint(Some(text), at, rule));
    }
    let unknown = || Error::not_found(format!("Could not find shard {text}"));
    ShardId::parse(text).map(Some).ok_or_else(unknown)
}
