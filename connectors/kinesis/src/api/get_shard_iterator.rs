//! [GetShardIterator](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html).

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater::source::ReadFrom;
use headwater::{Error, ErrorKind, Position, Result, ShardId};

use crate::api::Api;
use crate::api::signed::signed;
use crate::error::from_sdk;

impl Api {
    /// Asks for an iterator at a position. Inside an aggregate it stands at the whole record.
    pub(crate) async fn get_shard_iterator(&self, shard: &ShardId, from: &ReadFrom) -> Result<String> {
        let request = self
            .client
            .get_shard_iterator()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn())
            .shard_id(shard.as_str());
        let at = |sequence: &headwater::SequenceNumber, kind| {
            request.clone().shard_iterator_type(kind).starting_sequence_number(sequence.as_str())
        };
        let request = match from {
            ReadFrom::Sequence(sequence) => at(sequence, ShardIteratorType::AtSequenceNumber),
            ReadFrom::Position(Position::After { sequence, sub_sequence: Some(_) }) => {
                at(sequence, ShardIteratorType::AtSequenceNumber)
            }
            ReadFrom::Position(Position::After { sequence, sub_sequence: None }) => {
                at(sequence, ShardIteratorType::AfterSequenceNumber)
            }
            ReadFrom::Position(Position::Beginning) => {
                request.shard_iterator_type(ShardIteratorType::TrimHorizon)
            }
            ReadFrom::Position(Position::At(time)) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from(to_millis(*time))),
            ReadFrom::Position(Position::Latest | Position::End) => {
                request.shard_iterator_type(ShardIteratorType::Latest)
            }
        };
        let context = || self.context(&format!("get an iterator for {shard} of"));
        let sent = signed(|| request.clone().send()).await.map_err(|error| from_sdk(context(), &error));
        let output = match (sent, from) {
            // A clock that runs ahead of the service's names a time that is still to come, which the service refuses.
            // What arrives from now on includes all that arrives from then on.
            (Err(error), ReadFrom::Position(Position::At(time)))
                if error.kind() == ErrorKind::Invalid && is_about_now(*time) =>
            {
                let latest = request.set_timestamp(None).shard_iterator_type(ShardIteratorType::Latest);
                latest.send().await.map_err(|error| from_sdk(context(), &error))?
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

/// Kinesis counts in milliseconds; rounding down can only repeat, never skip.
fn to_millis(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + Duration::from_millis(since.as_millis() as u64),
        Err(_) => SystemTime::UNIX_EPOCH,
    }
}
