//! Hash keys: which shard a record belongs to.

use md5::{Digest, Md5};

use crate::error::Error;

/// Digits of the largest hash key, 2^128-1.
const HASH_KEY_DIGITS: usize = 39;

/// A shard's part of the 128-bit hash key space, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HashKeyRange {
    pub(crate) starting: u128,
    pub(crate) ending: u128,
}

impl HashKeyRange {
    /// Splits into what lies below `hash_key` and what starts with it, if both would hold at least one key
    /// and the new key is not the first one, as SplitShard demands.
    pub(crate) fn split(self, hash_key: u128) -> Option<(Self, Self)> {
        if hash_key <= self.starting || hash_key > self.ending {
            return None;
        }
        let lower = Self { starting: self.starting, ending: hash_key - 1 };
        Some((lower, Self { starting: hash_key, ending: self.ending }))
    }

    pub(crate) fn middle(self) -> u128 {
        self.starting + (self.ending - self.starting) / 2 + 1
    }

    /// Joins two ranges that touch, given in any order.
    pub(crate) fn join(self, other: Self) -> Option<Self> {
        let (lower, upper) = if self.starting < other.starting { (self, other) } else { (other, self) };
        (lower.ending.checked_add(1)? == upper.starting)
            .then_some(Self { starting: lower.starting, ending: upper.ending })
    }
}

/// Divides the hash key space evenly, as CreateStream and uniform scaling do; the last range takes the
/// remainder.
pub(crate) fn even_ranges(count: usize) -> Vec<HashKeyRange> {
    let count = count.max(1) as u128;
    let exact = u128::MAX % count + 1 == count;
    let width = u128::MAX / count + u128::from(exact && count > 1);
    (0..count)
        .map(|index| HashKeyRange {
            starting: width * index,
            ending: if index + 1 == count { u128::MAX } else { width * (index + 1) - 1 },
        })
        .collect()
}

/// Hashes a partition key as Kinesis does.
pub(crate) fn hash_of(partition_key: &[u8]) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key).into())
}

/// Reads a decimal hash key, refusing what the API's pattern or range refuses.
///
/// `at` names the parameter in messages; almost every key is valid and needs no name.
pub(crate) fn parse_explicit_hash_key(text: &str, at: impl FnOnce() -> String) -> Result<u128, Error> {
    let digits = text.as_bytes();
    let leading_zero = digits.len() > 1 && digits[0] == b'0';
    let well_formed = !digits.is_empty() && !leading_zero && digits.iter().all(u8::is_ascii_digit);
    if !well_formed || digits.len() > HASH_KEY_DIGITS {
        let rule = r"satisfy regular expression pattern: 0|([1-9]\d{0,38})";
        return Err(Error::constraint(Some(text), &at(), rule));
    }
    text.parse().map_err(|_| {
        Error::invalid_argument(format!(
            "Invalid {name}. {name} must be in the range: [0, 2^128-1]. Specified value was {text}",
            name = capitalized(&at()),
        ))
    })
}

/// Names a parameter as AWS's messages do: the last step of its path, in upper camel case.
fn capitalized(at: &str) -> String {
    let name = at.rsplit('.').next().unwrap_or(at);
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn even_ranges_cover_the_whole_space_without_gaps() {
        for count in [1, 2, 3, 4, 5, 7, 64, 1000] {
            let ranges = even_ranges(count);
            assert_eq!(ranges.len(), count);
            assert_eq!(ranges[0].starting, 0);
            assert_eq!(ranges[count - 1].ending, u128::MAX);
            assert!(ranges.windows(2).all(|pair| pair[0].ending + 1 == pair[1].starting), "{count}");
        }
    }

    #[test]
    fn three_shards_have_the_ranges_that_the_aws_guide_shows() {
        let ranges = even_ranges(3);
        assert_eq!(ranges[1].starting, 113_427_455_640_312_821_154_458_202_477_256_070_485);
        assert_eq!(ranges[1].ending, 226_854_911_280_625_642_308_916_404_954_512_140_969);
    }

    #[test]
    fn partition_keys_hash_to_the_big_endian_md5() {
        assert_eq!(hash_of(b"a"), 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }

    #[test]
    fn explicit_hash_keys_are_decimal_and_fit_128_bits() {
        let max = u128::MAX.to_string();
        assert_eq!(parse_explicit_hash_key("0", || "explicitHashKey".to_owned()).unwrap(), 0);
        assert_eq!(parse_explicit_hash_key(&max, || "explicitHashKey".to_owned()).unwrap(), u128::MAX);
        for malformed in ["", "01", "-1", "+1", "0x1", " 1", "9999999999999999999999999999999999999999"] {
            let error = parse_explicit_hash_key(malformed, || "explicitHashKey".to_owned()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::Validation, "{malformed:?}");
        }
        let over = "340282366920938463463374607431768211456";
        let error = parse_explicit_hash_key(over, || "explicitHashKey".to_owned()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert!(error.message().starts_with("Invalid ExplicitHashKey."), "{error}");
    }

    #[test]
    fn ranges_join_only_where_they_touch() {
        let ranges = even_ranges(4);
        assert_eq!(ranges[2].join(ranges[1]).unwrap().starting, ranges[1].starting);
        assert_eq!(ranges[0].join(ranges[2]), None);
        assert_eq!(ranges[3].join(ranges[0]), None);
    }
}
