//! What routes a message: its partition key and, rarely, an explicit hash key.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::text::Text;
use crate::{Error, ErrorKind};

/// The key of a message: a partition key, and an explicit hash key where the user gave one.
///
/// Messages of one key stay in order, and the unit of that order is the pair. A key is checked by the sink that
/// takes the message, because the limits are the service's: Kinesis takes 1 to 256 characters.
///
/// # Example
///
/// ```
/// use headwater::{HashKey, Key};
///
/// let key = Key::from("customer-7");
/// assert_eq!(key.partition_key(), "customer-7");
/// assert_eq!(key.explicit_hash_key(), None);
///
/// let pinned = key.hashed("340282366920938463463374607431768211455".parse::<HashKey>()?);
/// assert_eq!(pinned.explicit_hash_key(), Some(HashKey::MAX));
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone)]
pub struct Key(Parts);

/// How long a partition key is kept in place: a UUID with a letter or two before it fits.
const IN_PLACE: usize = 40;

/// Few keys have an explicit hash key, so that it is kept apart: in place it would make every message longer by a sixth,
/// and each of them is moved many times.
#[derive(Clone)]
enum Parts {
    Plain(Text<IN_PLACE>),
    Hashed(Arc<(Text<IN_PLACE>, HashKey)>),
}

impl Key {
    /// Creates a key from a partition key.
    ///
    /// Up to 40 bytes cost no allocation; longer keys share theirs among their clones.
    pub fn new(partition_key: impl AsRef<str>) -> Self {
        Self(Parts::Plain(partition_key.as_ref().into()))
    }

    /// Sets the explicit hash key, which decides the shard in place of the partition key's MD5.
    ///
    /// It costs an allocation, which clones share.
    pub fn hashed(self, explicit_hash_key: HashKey) -> Self {
        let partition_key = match self.0 {
            Parts::Plain(partition_key) => partition_key,
            Parts::Hashed(parts) => parts.0.clone(),
        };
        Self(Parts::Hashed(Arc::new((partition_key, explicit_hash_key))))
    }

    /// Returns the partition key.
    pub fn partition_key(&self) -> &str {
        match &self.0 {
            Parts::Plain(partition_key) => partition_key,
            Parts::Hashed(parts) => &parts.0,
        }
    }

    /// Returns the explicit hash key.
    pub fn explicit_hash_key(&self) -> Option<HashKey> {
        match &self.0 {
            Parts::Plain(_) => None,
            Parts::Hashed(parts) => Some(parts.1),
        }
    }
}

impl From<&str> for Key {
    fn from(partition_key: &str) -> Self {
        Self::new(partition_key)
    }
}

impl From<String> for Key {
    fn from(partition_key: String) -> Self {
        Self::new(partition_key)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.partition_key() == other.partition_key() && self.explicit_hash_key() == other.explicit_hash_key()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.partition_key().hash(state);
        if let Some(hash_key) = self.explicit_hash_key() {
            hash_key.hash(state);
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("partition_key", &self.partition_key())
            .field("explicit_hash_key", &self.explicit_hash_key())
            .finish()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.explicit_hash_key() {
            Some(hash) => write!(f, "\"{}\" (explicit hash key {hash})", self.partition_key()),
            None => write!(f, "\"{}\"", self.partition_key()),
        }
    }
}

/// A point in the hash key space of a stream: 0 to 2^128 − 1, written in decimal.
///
/// Source: [PutRecords, ExplicitHashKey](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html).
///
/// # Example
///
/// Keys that choose their shard:
///
/// ```
/// use headwater::{HashKey, Key, MemoryStream};
///
/// let stream = MemoryStream::new("orders", 4);
/// let shards = stream.open_shards();
/// let shard_of = |hash| stream.put(Key::from("customer-7").hashed(hash), "an order").shard;
///
/// assert_eq!(shard_of(HashKey::MIN), shards[0]);
/// assert_eq!(shard_of(HashKey::new(u128::MAX / 2 + 1)), shards[2]);
/// assert_eq!(shard_of("340282366920938463463374607431768211455".parse()?), shards[3]);
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey {
    // Halves, because a `u128` would align whatever has one to 16 bytes. Their order is that of the number.
    high: u64,
    low: u64,
}

impl HashKey {
    /// The lowest hash key.
    pub const MIN: Self = Self::new(0);
    /// The highest hash key, 2^128 − 1.
    pub const MAX: Self = Self::new(u128::MAX);

    /// Creates a hash key from its number.
    pub const fn new(value: u128) -> Self {
        Self { high: (value >> 64) as u64, low: value as u64 }
    }

    /// Returns its number.
    pub const fn get(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

impl FromStr for HashKey {
    type Err = Error;

    /// Parses a decimal number.
    ///
    /// # Errors
    ///
    /// `Invalid` where the text is not a decimal number from 0 to 2^128 − 1 (a sign or space is refused too).
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || {
            Error::new(
                ErrorKind::Invalid,
                format!("explicit hash key \"{text}\": a decimal number from 0 to 2^128 - 1 is needed"),
            )
        };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        text.parse().map(Self::new).map_err(|_| invalid())
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HashKey").field(&self.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_keys_are_ordered_as_their_numbers() {
        let numbers = [0, 1, u128::from(u64::MAX), 1 << 64, (1 << 64) + 1, u128::MAX];
        for pair in numbers.windows(2) {
            assert!(HashKey::new(pair[0]) < HashKey::new(pair[1]), "{pair:?}");
        }
        assert_eq!(numbers.map(|number| HashKey::new(number).get()), numbers);
    }

    #[test]
    fn a_key_of_any_length_equals_itself_alone() {
        let texts: Vec<_> = (1..=256).map(|length| "k".repeat(length)).collect();
        let keys: std::collections::HashSet<_> = texts.iter().map(Key::new).collect();
        assert_eq!(keys.len(), texts.len());
        assert!(texts.iter().all(|text| keys.contains(&Key::new(text))));
        assert!(!keys.contains(&Key::new("k").hashed(HashKey::MIN)));
    }

    #[test]
    fn a_bad_explicit_hash_key_is_named_in_its_error() {
        for text in ["", "-1", "+1", " 1", "abc", "1e3", "340282366920938463463374607431768211456"] {
            let error = text.parse::<HashKey>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(&format!("\"{text}\"")), "{error}");
        }
        assert_eq!("0".parse::<HashKey>().unwrap(), HashKey::MIN);
    }
}
