//! Where a shard is asked for records from.

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater::Position;
use headwater::source::ReadFrom;

/// Where an iterator or a subscription starts, in the words of Kinesis. Inside an aggregate it is the whole record.
pub(super) struct StartingPoint {
    pub(super) kind: ShardIteratorType,
    pub(super) sequence: Option<String>,
    pub(super) timestamp: Option<DateTime>,
}

impl From<&ReadFrom> for StartingPoint {
    fn from(from: &ReadFrom) -> Self {
        let of = |kind| Self { kind, sequence: None, timestamp: None };
        match from {
            ReadFrom::Sequence(sequence)
            | ReadFrom::Position(Position::After { sequence, sub_sequence: Some(_) }) => {
                Self { sequence: Some(sequence.to_string()), ..of(ShardIteratorType::AtSequenceNumber) }
            }
            ReadFrom::Position(Position::After { sequence, sub_sequence: None }) => {
                Self { sequence: Some(sequence.to_string()), ..of(ShardIteratorType::AfterSequenceNumber) }
            }
            ReadFrom::Position(Position::Beginning) => of(ShardIteratorType::TrimHorizon),
            ReadFrom::Position(Position::At(time)) => {
                let timestamp = Some(DateTime::from(to_millis(*time)));
                Self { timestamp, ..of(ShardIteratorType::AtTimestamp) }
            }
            ReadFrom::Position(Position::Latest | Position::End) => of(ShardIteratorType::Latest),
        }
    }
}

/// Kinesis counts in milliseconds; rounding down can only repeat, never skip.
fn to_millis(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + Duration::from_millis(since.as_millis() as u64),
        Err(_) => SystemTime::UNIX_EPOCH,
    }
}
