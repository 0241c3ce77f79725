//! Positions as the KCL writes them: a sequence number or a word, and a sub-sequence number.

use std::time::SystemTime;

use headwater::checkpoint::to_millis;
use headwater::{Error, ErrorKind, Position, Result, SequenceNumber};

const TRIM_HORIZON: &str = "TRIM_HORIZON";
const LATEST: &str = "LATEST";
const AT_TIMESTAMP: &str = "AT_TIMESTAMP";
const SHARD_END: &str = "SHARD_END";

/// What stands for "all of the record" in `checkpointSubSequenceNumber`.
///
/// A KCL resumes by reading from the checkpoint's record on, that one included, and drops every user record that is
/// not greater than the pair of sequence number and sub-sequence number. The sub-sequence number of a plain record is
/// 0, those of an aggregate count from 0. A store is not told how many user records an aggregate held, so what ends
/// any record is a number that none of its parts reaches. This one is 2^53 - 1: the clients of the KCL in other
/// languages get their checkpoints as JSON, where greater integers are not exact.
const WHOLE: u64 = (1 << 53) - 1;

/// The attributes `checkpoint` and `checkpointSubSequenceNumber` of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPosition {
    pub(crate) checkpoint: String,
    pub(crate) sub_sequence: u64,
}

impl StoredPosition {
    /// Turns a position into what the KCL has for it. The time of `At` has no place there: see [`time_of`].
    pub(crate) fn write(position: &Position) -> Result<Self> {
        let word = |word: &str| Self { checkpoint: word.to_owned(), sub_sequence: 0 };
        Ok(match position {
            Position::Beginning => word(TRIM_HORIZON),
            Position::At(_) => word(AT_TIMESTAMP),
            Position::Latest => word(LATEST),
            Position::After { sequence, sub_sequence } => Self {
                checkpoint: sequence.as_str().to_owned(),
                sub_sequence: match sub_sequence {
                    None => WHOLE,
                    Some(sub) if *sub < WHOLE => *sub,
                    Some(_) => {
                        let context = format!("store {position}: a sub-sequence number is below {WHOLE}");
                        return Err(Error::new(ErrorKind::Invalid, context));
                    }
                },
            },
            Position::End => word(SHARD_END),
        })
    }

    /// Turns it back. A lease that a KCL made at a time does not tell which: every worker of a KCL has it in its
    /// settings. Read from the beginning, some of its records come that the KCL would have passed over, and none is lost.
    ///
    /// What a KCL wrote after a plain record, its sub-sequence number 0, is not told from what it wrote inside an
    /// aggregate; who reads the record again does tell them apart.
    pub(crate) fn read(&self, at: Option<SystemTime>) -> Position {
        match self.checkpoint.as_str() {
            TRIM_HORIZON => Position::Beginning,
            AT_TIMESTAMP => at.map_or(Position::Beginning, Position::At),
            LATEST => Position::Latest,
            SHARD_END => Position::End,
            digits => Position::After {
                sequence: SequenceNumber::new(digits),
                sub_sequence: (self.sub_sequence < WHOLE).then_some(self.sub_sequence),
            },
        }
    }

    /// Tells whether nothing is left to be read.
    pub(crate) fn is_end(&self) -> bool {
        self.checkpoint == SHARD_END
    }
}

/// Returns the time that a position needs beside what the KCL stores of it.
pub(crate) fn time_of(position: &Position) -> Option<i64> {
    match position {
        Position::At(time) => Some(to_millis(*time)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sub_sequence: Option<u64>) -> Position {
        Position::After { sequence: "7".into(), sub_sequence }
    }

    /// Tells what a KCL drops when it resumes: it compares pairs.
    fn is_dropped_by_a_kcl(stored: &StoredPosition, sequence: &str, sub_sequence: u64) -> bool {
        (sequence, sub_sequence) <= (stored.checkpoint.as_str(), stored.sub_sequence)
    }

    #[test]
    fn a_kcl_resumes_behind_a_whole_record_aggregated_or_not_and_inside_one_that_was_read_in_part() {
        let whole = StoredPosition::write(&after(None)).unwrap();
        assert!((0..10_000).all(|sub| is_dropped_by_a_kcl(&whole, "7", sub)));
        assert!(!is_dropped_by_a_kcl(&whole, "8", 0));

        let part = StoredPosition::write(&after(Some(2))).unwrap();
        let dropped: Vec<_> = (0..5).map(|sub| is_dropped_by_a_kcl(&part, "7", sub)).collect();
        assert_eq!(dropped, [true, true, true, false, false]);
    }

    #[test]
    fn a_number_that_stands_for_the_whole_record_is_refused_as_a_part_of_it() {
        let error = StoredPosition::write(&after(Some(WHOLE))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let last = after(Some(WHOLE - 1));
        assert_eq!(StoredPosition::write(&last).unwrap().read(None), last);
    }

    #[test]
    fn a_time_that_only_the_settings_know_is_the_beginning() {
        let stored = StoredPosition::write(&Position::At(SystemTime::UNIX_EPOCH)).unwrap();
        assert_eq!(stored.read(None), Position::Beginning);
        assert_eq!(stored.read(Some(SystemTime::UNIX_EPOCH)), Position::At(SystemTime::UNIX_EPOCH));
    }
}
