//! Sequence numbers: 56 decimal digits that order the records of a shard.

use super::{ShardId, Timestamp};

/// Digits of a sequence number. Their first two are always `49`, as AWS's numbers have been for years.
const DIGITS: usize = 56;
const LEAD: &[u8; 2] = b"49";
const OPENED_DIGITS: usize = 14;
const COUNTER_DIGITS: usize = 20;
const SHARD_DIGITS: usize = 20;

/// A sequence number, taken apart.
///
/// The digits are, from the left: `49`, when the shard was opened (14), the stream's counter (20) and the
/// shard (20). So numbers rise within a shard, no two of a stream are equal, every number of a child shard is
/// greater than its parents' (it opened later), and a number tells whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SequenceNumber {
    pub(crate) opened: Timestamp,
    pub(crate) counter: u64,
    pub(crate) shard: ShardId,
}

impl SequenceNumber {
    /// Reads a number that this endpoint issued. `None` is any other string.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != DIGITS || !digits.starts_with(LEAD) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (opened, rest) = text[LEAD.len()..].split_at(OPENED_DIGITS);
        let (counter, shard) = rest.split_at(COUNTER_DIGITS);
        Some(Self {
            opened: opened.parse().ok()?,
            counter: counter.parse().ok()?,
            shard: ShardId::new(shard.parse().ok()?),
        })
    }

    /// Appends the 56 digits. Formats by hand because this runs once per record written and read.
    pub(crate) fn write(self, to: &mut Vec<u8>) {
        let mut digits = [b'0'; DIGITS];
        digits[..LEAD.len()].copy_from_slice(LEAD);
        let (head, shard) = digits.split_at_mut(DIGITS - SHARD_DIGITS);
        let (opened, counter) = head[LEAD.len()..].split_at_mut(OPENED_DIGITS);
        fill(opened, self.opened);
        fill(counter, self.counter);
        fill(shard, u64::from(self.shard.index()));
        to.extend_from_slice(&digits);
    }
}

impl std::fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "49{:014}{:020}{:020}", self.opened, self.counter, self.shard.index())
    }
}

/// Writes a number right-aligned into digits that are zeros already.
fn fill(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        if number == 0 {
            break;
        }
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_has_56_digits_and_reads_back(
            opened in 0..99_999_999_999_999_u64,
            counter: u64,
            shard: u32,
        ) {
            let number = SequenceNumber { opened, counter, shard: ShardId::new(shard) };
            let mut written = Vec::new();
            number.write(&mut written);
            let written = String::from_utf8(written).unwrap();
            prop_assert_eq!(written.len(), DIGITS);
            prop_assert_eq!(&written, &number.to_string());
            prop_assert_eq!(SequenceNumber::parse(&written), Some(number));
        }

        #[test]
        fn numbers_order_as_their_digits_do(a: (u32, u64, u32), b: (u32, u64, u32)) {
            let number = |(opened, counter, shard): (u32, u64, u32)| SequenceNumber {
                opened: opened.into(),
                counter,
                shard: ShardId::new(shard),
            };
            let (a, b) = (number(a), number(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn foreign_numbers_are_not_ours() {
        for foreign in ["", "0", "49", "x", &"1".repeat(56), &"4".repeat(129)] {
            assert_eq!(SequenceNumber::parse(foreign), None, "{foreign}");
        }
    }
}
