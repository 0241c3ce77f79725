//! What a shard holds.

use aws_sdk_kinesis::types::ShardIteratorType;
use serde::Serialize;

use crate::stream_api::{Answer, StreamApi, shown, told};

/// How many pages without a record are read before the oldest one is left unknown: what was removed leaves such pages.
const MAX_EMPTY_PAGES: u32 = 10;

/// What a shard holds, as one read of its oldest record tells.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Backlog {
    /// When its oldest record arrived; none where it holds none, or none was found.
    pub(super) oldest_arrival: Option<String>,
    /// How far behind the tip of the shard a reader is that has read the oldest record.
    pub(super) millis_behind_latest: Option<i64>,
}

impl Backlog {
    /// Reads one record of a shard, from its horizon.
    pub(super) async fn read(api: &StreamApi, shard: &str) -> Answer<Self> {
        let what = format!("read {shard}");
        let call = api.client().get_shard_iterator().set_stream_name(api.name()).set_stream_arn(api.arn());
        let call = call.shard_id(shard).shard_iterator_type(ShardIteratorType::TrimHorizon);
        let mut iterator = call.send().await.map_err(|error| told(&what, &error))?.shard_iterator;
        let mut backlog = Self { oldest_arrival: None, millis_behind_latest: None };
        for _ in 0..MAX_EMPTY_PAGES {
            let Some(at) = iterator else { break };
            let page = api.client().get_records().set_stream_arn(api.arn()).shard_iterator(at).limit(1);
            let page = page.send().await.map_err(|error| told(&what, &error))?;
            backlog.millis_behind_latest = page.millis_behind_latest;
            if let Some(record) = page.records.first() {
                backlog.oldest_arrival = record.approximate_arrival_timestamp.and_then(shown);
                break;
            }
            if page.millis_behind_latest == Some(0) {
                break;
            }
            iterator = page.next_shard_iterator;
        }
        Ok(backlog)
    }
}
