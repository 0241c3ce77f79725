//! CreateStream and DeleteStream.

use super::paging::in_range;
use super::{CreateStream, DeleteStream, Output};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::limits;
use crate::store::{Distribution, StreamSettings, Timestamp};

pub(super) fn create_stream(
    endpoint: &Endpoint,
    input: &CreateStream,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let name = input.stream_name.as_deref().ok_or_else(|| Error::missing("streamName"))?;
    let on_demand = match &input.stream_mode_details {
        None => false,
        Some(details) => match details.stream_mode.as_deref() {
            Some("PROVISIONED") => false,
            Some("ON_DEMAND") => true,
            other => {
                let rule = "satisfy enum value set: [PROVISIONED, ON_DEMAND]";
                return Err(Error::constraint(other, "streamModeDetails.streamMode", rule));
            }
        },
    };
    let shard_count = in_range(input.shard_count, "shardCount", 1, i64::from(u32::MAX))?;
    let shards = match (on_demand, shard_count) {
        (false, Some(count)) => count as usize,
        (false, None) => {
            return Err(Error::invalid_argument("ShardCount must be provided in PROVISIONED mode."));
        }
        (true, None) => limits::ON_DEMAND_SHARDS,
        (true, Some(_)) => {
            return Err(Error::invalid_argument("ShardCount must not be provided in ON_DEMAND mode."));
        }
    };
    let strategy = input.record_distribution_strategy.as_deref();
    let distribution = strategy.map(|strategy| Distribution::parse(strategy, on_demand)).transpose()?;
    let settings = StreamSettings {
        shards,
        on_demand,
        distribution: distribution.unwrap_or_default(),
        max_record_kib: max_record_kib(input.max_record_size_in_kib)?
            .unwrap_or(limits::DEFAULT_MAX_RECORD_KIB),
        retention_millis: account.settings.retention,
    };
    account.create(name, settings, now, account.settings.create_delay)?;
    Ok(Output::Empty)
}

pub(super) fn delete_stream(
    endpoint: &Endpoint,
    input: &DeleteStream,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let with_consumers = input.enforce_consumer_deletion.unwrap_or_default();
    account.delete(input.stream.by_ref(), with_consumers, now, account.settings.delete_delay)?;
    Ok(Output::Empty)
}

/// Checks a MaxRecordSizeInKiB.
pub(super) fn max_record_kib(asked: Option<i64>) -> Result<Option<u32>, Error> {
    let (least, greatest) = (limits::DEFAULT_MAX_RECORD_KIB, limits::LARGEST_MAX_RECORD_KIB);
    let size = in_range(asked, "maxRecordSizeInKiB", least.into(), greatest.into())?;
    Ok(size.map(|size| size as u32))
}
