//! Where in a shard: sequence numbers and positions.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::SystemTime;

use crate::rfc3339;
use crate::text::Text;

/// The name of a shard, as `shardId-000000000000`.
///
/// # Example
///
/// ```
/// use headwater::{MemoryStream, ShardId};
///
/// let stream = MemoryStream::new("orders", 2);
/// let second = ShardId::from("shardId-000000000001");
/// assert!(stream.open_shards().contains(&second));
///
/// stream.split(&second)?;
/// assert!(!stream.open_shards().contains(&second));
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(Arc<str>);

impl ShardId {
    /// Creates a shard id.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ShardId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sequence number of a record: a decimal number of up to 129 digits.
///
/// It is kept as text and compared by length, then digits: no integer or double holds it.
///
/// # Example
///
/// ```
/// use headwater::SequenceNumber;
///
/// assert!(SequenceNumber::from("9") < SequenceNumber::from("10"));
/// assert_eq!(SequenceNumber::from("007"), SequenceNumber::from("7"));
/// ```
#[derive(Clone, Debug)]
pub struct SequenceNumber(Text<DIGITS>);

/// How many digits are kept in place: those that Kinesis gives.
const DIGITS: usize = 56;

impl SequenceNumber {
    /// Creates a sequence number from its decimal digits. Leading zeros count for nothing, and are kept.
    ///
    /// Up to 56 digits, as Kinesis gives, cost no allocation.
    pub fn new(digits: impl AsRef<str>) -> Self {
        Self(digits.as_ref().into())
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SequenceNumber {
    fn from(digits: &str) -> Self {
        Self::new(digits)
    }
}

impl From<String> for SequenceNumber {
    fn from(digits: String) -> Self {
        Self::new(digits)
    }
}

impl SequenceNumber {
    /// Tells whether it is made of digits, and of no more than the service gives.
    pub(crate) fn is_valid(&self) -> bool {
        (1..=129).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Returns the digits that count. Leading zeros do not, but a service that writes them wants them back.
    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl PartialEq for SequenceNumber {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for SequenceNumber {}

impl Hash for SequenceNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.significant(), other.significant());
        mine.len().cmp(&theirs.len()).then_with(|| mine.cmp(theirs))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in a shard reading stands, and so what a checkpoint stores.
///
/// Positions are ordered: a place at the start comes before any record, a later record after an earlier one,
/// and `End` after them all. A store refuses to move a checkpoint to a lower one.
///
/// # Example
///
/// ```
/// use headwater::Position;
///
/// let inside = Position::After { sequence: "7".into(), sub_sequence: Some(3) };
/// let whole = Position::After { sequence: "7".into(), sub_sequence: None };
/// assert!(Position::Beginning < inside && inside < whole && whole < Position::End);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the oldest record that the shard still holds.
    Beginning,
    /// Before the first record that arrived at or after a time.
    At(SystemTime),
    /// After the newest record, as found in tables that the KCL wrote. Headwater itself stores `At` instead, so
    /// that a restart does not jump ahead.
    Latest,
    /// After a record.
    After {
        /// The record's sequence number.
        sequence: SequenceNumber,
        /// The last finished user record inside an aggregate, counted from 0; `None` when the whole record is
        /// done.
        sub_sequence: Option<u64>,
    },
    /// After the last record of a closed shard.
    End,
}

impl Position {
    fn rank(&self) -> u8 {
        match self {
            Self::Beginning => 0,
            Self::At(_) => 1,
            Self::Latest => 2,
            Self::After { .. } => 3,
            Self::End => 4,
        }
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::At(mine), Self::At(theirs)) => mine.cmp(theirs),
            (
                Self::After { sequence: mine, sub_sequence: my_sub },
                Self::After { sequence: theirs, sub_sequence: their_sub },
            ) => mine.cmp(theirs).then_with(|| match (my_sub, their_sub) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(mine), Some(theirs)) => mine.cmp(theirs),
            }),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("the beginning"),
            Self::At(time) => match rfc3339::write(*time) {
                Some(time) => f.write_str(&time),
                None => f.write_str("a time whose year has not four digits"),
            },
            Self::Latest => f.write_str("the latest record"),
            Self::After { sequence, sub_sequence: None } => write!(f, "sequence {sequence}"),
            Self::After { sequence, sub_sequence: Some(sub) } => {
                write!(f, "sequence {sequence} sub-sequence {sub}")
            }
            Self::End => f.write_str("the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_compare_by_length_then_digits() {
        let small = SequenceNumber::from("49590338271490256608559692538361571095921575989136588898");
        let large = SequenceNumber::from("149590338271490256608559692538361571095921575989136588898");
        assert!(small < large);
        assert!(SequenceNumber::from("0") == SequenceNumber::from("000"));
    }

    #[test]
    fn leading_zeros_do_not_count_and_are_kept_for_the_service_that_wrote_them() {
        let padded = SequenceNumber::from("0007");
        assert_eq!(padded, SequenceNumber::from("7"));
        assert!(padded < SequenceNumber::from("10"));
        assert_eq!(padded.as_str(), "0007");
    }

    #[test]
    fn a_sequence_number_longer_than_those_of_kinesis_is_kept_whole() {
        let digits = "7".repeat(129);
        let long = SequenceNumber::from(digits.as_str());
        assert_eq!(long.as_str(), digits);
        assert!(SequenceNumber::from(&digits[..DIGITS]) < long);
        assert!(
            SequenceNumber::from(format!("0{}", &digits[..DIGITS]))
                == SequenceNumber::from(&digits[..DIGITS])
        );
    }

    #[test]
    fn a_time_is_shown_as_people_write_it() {
        let noon = SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(491_628);
        assert_eq!(Position::At(noon).to_string(), "2026-01-31T12:00:00.000Z");
    }
}
