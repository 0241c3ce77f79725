//! Where reading begins, for iterators and for subscriptions.

use crate::error::Error;
use crate::limits;
use crate::operation::Operation;
use crate::store::{SequenceNumber, Shard, Stream, Timestamp};

/// Where a request wants to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    pub(super) operation: Operation,
    pub(super) kind: &'a str,
    pub(super) sequence_number: Option<&'a str>,
    /// Seconds since the epoch.
    pub(super) timestamp: Option<f64>,
}

impl Start<'_> {
    /// Returns the least counter of what is to be read.
    pub(super) fn resolve(
        self,
        shard: &Shard,
        stream: &Stream,
        account: &str,
        now: Timestamp,
    ) -> Result<u64, Error> {
        Ok(match self.kind {
            "TRIM_HORIZON" => 0,
            "LATEST" => shard.log().next_counter(),
            "AT_SEQUENCE_NUMBER" => self.counter(shard, stream, account)?,
            "AFTER_SEQUENCE_NUMBER" => self.counter(shard, stream, account)? + 1,
            "AT_TIMESTAMP" => shard.log().counter_at(self.time(now)?),
            other => {
                let at = match self.operation {
                    Operation::SubscribeToShard => "startingPosition.type",
                    _ => "shardIteratorType",
                };
                let rule = "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, \
                            AT_SEQUENCE_NUMBER, TRIM_HORIZON]";
                return Err(Error::constraint(Some(other), at, rule));
            }
        })
    }

    fn time(self, now: Timestamp) -> Result<Timestamp, Error> {
        let missing = || Error::invalid_argument("Must specify Timestamp for AT_TIMESTAMP.");
        let at = millis_of(self.timestamp.ok_or_else(missing)?);
        if at > now + limits::FUTURE_TOLERANCE_MILLIS {
            return Err(Error::invalid_argument(format!(
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                 timestampInMillis: {at}, currentTimestampInMillis: {now}"
            )));
        }
        Ok(at)
    }

    /// Reads a sequence number of this shard. Numbers of records that are trimmed by now are good, and so are the
    /// shard's own starting and ending number.
    fn counter(self, shard: &Shard, stream: &Stream, account: &str) -> Result<u64, Error> {
        let (name, at) = match self.operation {
            Operation::SubscribeToShard => ("SequenceNumber", "startingPosition.sequenceNumber"),
            _ => ("StartingSequenceNumber", "startingSequenceNumber"),
        };
        let missing = || Error::invalid_argument(format!("Must either specify {name} for {}.", self.kind));
        let text = self.sequence_number.ok_or_else(missing)?;
        let digits = text.as_bytes();
        let well_formed = !digits.is_empty()
            && digits.len() <= limits::SEQUENCE_NUMBER_DIGITS
            && digits.iter().all(u8::is_ascii_digit)
            && (digits[0] != b'0' || digits.len() == 1);
        if !well_formed {
            let rule = r"satisfy regular expression pattern: 0|([1-9]\d{0,128})";
            return Err(Error::constraint(Some(text), at, rule));
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
                    "{name} {text} used in {} on shard {} in stream {} under account {account} is invalid because \
                     it did not come from this stream.",
                    self.operation.name(),
                    shard.name,
                    stream.name,
                ))
            })
    }
}

/// Reads fractional seconds since the epoch to the millisecond.
pub(super) fn millis_of(seconds: f64) -> Timestamp {
    (seconds * 1000.0).round() as Timestamp
}
