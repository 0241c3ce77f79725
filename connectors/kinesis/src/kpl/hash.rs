//! Where a key lands in the hash key space of a stream.

use headwater::{HashKey, Key};
use md5::{Digest, Md5};

/// Returns the hash key that decides the shard of a message: its explicit hash key, or the partition key's.
///
/// # Example
///
/// ```
/// use headwater::{HashKey, Key};
/// use headwater_kinesis::kpl::{hash_key, partition_hash_key};
///
/// let key = Key::from("customer-7");
/// assert_eq!(hash_key(&key), partition_hash_key("customer-7"));
/// assert_eq!(hash_key(&key.hashed(HashKey::MIN)), HashKey::MIN);
/// ```
pub fn hash_key(key: &Key) -> HashKey {
    key.explicit_hash_key().unwrap_or_else(|| partition_hash_key(key.partition_key()))
}

/// Returns the hash key of a partition key: its MD5 as a big-endian number.
///
/// Source: [Kinesis key concepts, partition key](https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html).
///
/// # Example
///
/// ```
/// use headwater_kinesis::kpl::partition_hash_key;
///
/// assert_eq!(partition_hash_key("a").to_string(), "16955237001963240173058271559858726497");
/// ```
pub fn partition_hash_key(partition_key: &str) -> HashKey {
    HashKey::new(u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into()))
}
