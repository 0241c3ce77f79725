//! [GetShardIterator](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html).

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::types::ShardIteratorType;
use headwater::source::ReadFrom;
use headwater::{Error, ErrorKind, Position, Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::api::starting_point::StartingPoint;
use crate::error::from_sdk;

impl Api {
    /// Asks for an iterator at a position. Inside an aggregate it stands at the whole record.
    pub(crate) async fn get_shard_iterator(&self, shard: &ShardId, from: &ReadFrom) -> Result<String> {
        let StartingPoint { kind, sequence, timestamp } = from.into();
        let request = self
            .client
            .get_shard_iterator()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn())
            .shard_id(shard.as_str())
            .shard_iterator_type(kind)
            .set_starting_sequence_number(sequence)
            .set_timestamp(timestamp);
        let context = || self.context(&format!("get an iterator for {shard} of"));
        let sent = signed(|| request.clone().send()).await.map_err(|error| from_sdk(context(), &error));
        let output = match (sent, from) {
            // A clock that runs ahead of the service's names a time that is still to come, which the service refuses.
            // What arrives from now on includes all that arrives from then on.
            (Err(error), ReadFrom::Position(Position::At(time)))
                if error.kind() == ErrorKind::Invalid && is_about_now(*time) =>
            {
                let latest = request.set_timestamp(None).shard_iterator_type(ShardIteratorType::Latest);
                let sent = signed(|| latest.clone().send()).await;
                sent.map_err(|error| from_sdk(context(), &error))?
            }
            (sent, _) => sent?,
        };
        output.shard_iterator.ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, context()).caused_by("the answer holds no iterator")
        })
    }
}

/// How far apart two clocks may be for a time still to count as now.
const CLOCK_SKEW: Duration = Duration::from_hours(1);

fn is_about_now(time: SystemTime) -> bool {
    let now = SystemTime::now();
    now.duration_since(time).or_else(|_| time.duration_since(now)).is_ok_and(|apart| apart <= CLOCK_SKEW)
}
