//! What an answer says, whoever read it.

use std::time::SystemTime;

use crate::wire::Answer;

/// The most digits of a sequence number.
const DIGITS: usize = 129;
/// The first second that is no time.
const END_OF_TIME: f64 = 253_402_300_800.0;

/// What an answer says, whoever read it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) records: Vec<ToldRecord>,
    pub(super) behind: Option<i64>,
    pub(super) iterator: Option<String>,
    pub(super) continuation: Option<String>,
    /// Ids, and parents.
    pub(super) children: Vec<(String, Vec<String>)>,
}

#[derive(Debug, PartialEq)]
pub(super) struct ToldRecord {
    pub(super) data: Vec<u8>,
    pub(super) key: Option<String>,
    pub(super) sequence: String,
    pub(super) millis: Option<u64>,
}

impl From<&Answer> for Told {
    fn from(answer: &Answer) -> Self {
        let millis =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
        let records = answer.records.iter().map(|record| ToldRecord {
            data: record.payload.to_vec(),
            key: record.key.as_ref().map(|key| key.partition_key().to_owned()),
            sequence: record.sequence.as_str().to_owned(),
            millis: record.arrival.map(millis),
        });
        let children = answer.children.iter().map(|child| {
            let parents = child.shard.parents.iter().map(ToString::to_string).collect();
            (child.shard.id.to_string(), parents)
        });
        Self {
            records: records.collect(),
            behind: answer.millis_behind_latest,
            iterator: answer.iterator.clone(),
            continuation: answer.continuation.as_ref().map(|sequence| sequence.as_str().to_owned()),
            children: children.collect(),
        }
    }
}

pub(super) fn is_sequence(digits: &str) -> bool {
    (1..=DIGITS).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Returns the milliseconds that are meant by seconds.
pub(super) fn millis(seconds: f64) -> Option<u64> {
    (0.0..END_OF_TIME).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
}

pub(super) fn whole(number: f64) -> Option<i64> {
    let whole = number as i128;
    if (whole as f64).to_bits() == (number + 0.0).to_bits() { i64::try_from(whole).ok() } else { None }
}
