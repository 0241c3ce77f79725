//! GetShardIterator.

use super::describe::parse_shard_id;
use super::{GetShardIterator, Output};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::limits;
use crate::store::{IteratorToken, SequenceNumber, Shard, Stream, Timestamp};

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
    let sequence = || {
        let text = input.starting_sequence_number.as_deref();
        let missing =
            || Error::invalid_argument(format!("Must either specify StartingSequenceNumber for {kind}."));
        starting_counter(text.ok_or_else(missing)?, &shard, &stream, account.id())
    };
    let next = match kind {
        "TRIM_HORIZON" => 0,
        "LATEST" => shard.log().next_counter(),
        "AT_SEQUENCE_NUMBER" => sequence()?,
        "AFTER_SEQUENCE_NUMBER" => sequence()? + 1,
        "AT_TIMESTAMP" => {
            let missing = || Error::invalid_argument("Must specify Timestamp for AT_TIMESTAMP.");
            let at = millis_of(input.timestamp.ok_or_else(missing)?);
            if at > now + limits::FUTURE_TOLERANCE_MILLIS {
                return Err(Error::invalid_argument(format!(
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                     timestampInMillis: {at}, currentTimestampInMillis: {now}"
                )));
            }
            shard.log().counter_at(at)
        }
        other => {
            let rule = "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, \
                        TRIM_HORIZON]";
            return Err(Error::constraint(Some(other), "shardIteratorType", rule));
        }
    };
    Ok(Output::Iterator(IteratorToken::issue(account, &stream, &shard, next, now)))
}

/// Reads fractional seconds since the epoch to the millisecond.
pub(super) fn millis_of(seconds: f64) -> Timestamp {
    (seconds * 1000.0).round() as Timestamp
}

/// Reads a sequence number of this shard. Numbers of records that are trimmed by now are good, and so are the
/// shard's own starting and ending number.
fn starting_counter(text: &str, shard: &Shard, stream: &Stream, account: &str) -> Result<u64, Error> {
    let digits = text.as_bytes();
    let well_formed = !digits.is_empty()
        && digits.len() <= limits::SEQUENCE_NUMBER_DIGITS
        && digits.iter().all(u8::is_ascii_digit)
        && (digits[0] != b'0' || digits.len() == 1);
    if !well_formed {
        let rule = r"satisfy regular expression pattern: 0|([1-9]\d{0,128})";
        return Err(Error::constraint(Some(text), "startingSequenceNumber", rule));
    }
    let (newest, ending) = {
        let log = shard.log();
        (log.next_counter() - 1, log.closing().map(|closing| closing.counter))
    };
    SequenceNumber::parse(text)
        .filter(|sequence| sequence.shard == shard.id && sequence.opened == shard.opened)
        .filter(|sequence| sequence.counter <= newest || Some(sequence.counter) == ending)
        .map(|sequence| sequence.counter)
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "StartingSequenceNumber {text} used in GetShardIterator on shard {} in stream {} under account \
                 {account} is invalid because it did not come from this stream.",
                shard.name, stream.name,
            ))
        })
}
