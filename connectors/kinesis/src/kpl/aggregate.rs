//! The writer of aggregates.

use bytes::{Bytes, BytesMut};
use headwater::codec::Frame;
use headwater::{HashKey, Headers, Key};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use crate::kpl::digests::md5_of_each;
use crate::kpl::table::{Table, field_len};
use crate::kpl::{DIGEST_LEN, MAGIC};

/// Field numbers of `AggregatedRecord`.
const PARTITION_KEY_TABLE: u32 = 1;
const EXPLICIT_HASH_KEY_TABLE: u32 = 2;
const RECORDS: u32 = 3;

/// Field numbers of `Record`.
const PARTITION_KEY_INDEX: u32 = 1;
const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
const DATA: u32 = 3;
const TAGS: u32 = 4;

/// Field numbers of `Tag`.
const TAG_KEY: u32 = 1;
const TAG_VALUE: u32 = 2;

/// An aggregate in the making.
///
/// Its three repeated fields are grown as protobuf, side by side, so that the exact length is known at any time and
/// a message costs the same in a frame of one as in a frame of thousands.
#[derive(Default)]
pub(super) struct Aggregate {
    // As keys that are nothing else: a short one needs no allocation.
    partition_keys: Table<Key>,
    hash_keys: Table<HashKey>,
    records: Vec<u8>,
    count: usize,
    /// The length of the first message, which is the end of `records` while it is alone. `None` where it has headers: a
    /// plain record has no room for them.
    first_len: Option<usize>,
}

/// What a message becomes inside an aggregate: indices into its tables, and lengths.
struct Entry {
    partition_key_index: u64,
    new_partition_key: bool,
    /// The explicit hash key with its index, and whether that is new.
    hash_key: Option<(HashKey, u64, bool)>,
    /// The length of the `Record`, without its own tag and length prefix.
    body_len: usize,
}

impl Aggregate {
    fn entry(&self, key: &Key, payload: &[u8], headers: &Headers) -> Entry {
        let (partition_key_index, new_partition_key) = match key.explicit_hash_key() {
            None => self.partition_keys.find(key),
            Some(_) => self.partition_keys.find(&Key::new(key.partition_key())),
        };
        let hash_key = key.explicit_hash_key().map(|hash_key| {
            let (index, new) = self.hash_keys.find(&hash_key);
            (hash_key, index, new)
        });
        let hash_key_len = hash_key.map_or(0, |(_, index, _)| 1 + encoded_len_varint(index));
        let tags_len: usize = headers.iter().map(|header| field_len(tag_len(header))).sum();
        let indices_len = 1 + encoded_len_varint(partition_key_index) + hash_key_len;
        let body_len = indices_len + field_len(payload.len()) + tags_len;
        Entry { partition_key_index, new_partition_key, hash_key, body_len }
    }

    fn len(&self) -> usize {
        MAGIC.len()
            + self.partition_keys.encoded().len()
            + self.hash_keys.encoded().len()
            + self.records.len()
            + DIGEST_LEN
    }

    /// Writes all but the digest, for which there is room.
    fn encode(&self) -> BytesMut {
        let mut record = BytesMut::with_capacity(self.len());
        record.extend_from_slice(&MAGIC);
        record.extend_from_slice(self.partition_keys.encoded());
        record.extend_from_slice(self.hash_keys.encoded());
        record.extend_from_slice(&self.records);
        record.extend_from_slice(&[0; DIGEST_LEN]);
        record
    }

    /// Tells whether it is of one message that needs no wrapping, or of none.
    fn is_plain(&self) -> bool {
        self.count == 0 || self.count == 1 && self.first_len.is_some()
    }

    fn clear(&mut self) {
        self.partition_keys.clear();
        self.hash_keys.clear();
        self.records.clear();
        self.count = 0;
    }
}

impl Aggregate {
    /// Returns the length of the record with a message, which is alone in a plain one.
    fn len_with_entry(&self, entry: &Entry, key: &Key) -> usize {
        let partition_key_len =
            if entry.new_partition_key { field_len(key.partition_key().len()) } else { 0 };
        let hash_key_len = match entry.hash_key {
            Some((hash_key, _, true)) => field_len(decimal_len(hash_key)),
            _ => 0,
        };
        self.len() + partition_key_len + hash_key_len + field_len(entry.body_len)
    }

    fn add(&mut self, entry: &Entry, key: &Key, payload: &[u8], headers: &Headers) {
        if entry.new_partition_key {
            let text = key.partition_key();
            self.partition_keys.add(PARTITION_KEY_TABLE, Key::new(text), text);
        }
        if let Some((hash_key, _, true)) = entry.hash_key {
            self.hash_keys.add(EXPLICIT_HASH_KEY_TABLE, hash_key, &hash_key.to_string());
        }
        if self.count == 0 {
            self.first_len = headers.is_empty().then_some(payload.len());
        }
        self.count += 1;

        let out = &mut self.records;
        encode_key(RECORDS, WireType::LengthDelimited, out);
        encode_varint(entry.body_len as u64, out);
        encode_key(PARTITION_KEY_INDEX, WireType::Varint, out);
        encode_varint(entry.partition_key_index, out);
        if let Some((_, index, _)) = entry.hash_key {
            encode_key(EXPLICIT_HASH_KEY_INDEX, WireType::Varint, out);
            encode_varint(index, out);
        }
        encode_bytes(DATA, payload, out);
        for (name, value) in headers.iter() {
            encode_key(TAGS, WireType::LengthDelimited, out);
            encode_varint(tag_len((name, value)) as u64, out);
            encode_bytes(TAG_KEY, name.as_bytes(), out);
            encode_bytes(TAG_VALUE, value.as_bytes(), out);
        }
    }
}

impl Frame for Aggregate {
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize {
        if self.count == 0 && headers.is_empty() {
            return payload.len();
        }
        self.len_with_entry(&self.entry(key, payload, headers), key)
    }

    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers) {
        self.add(&self.entry(key, payload, headers), key, payload, headers);
    }

    fn push_within(&mut self, longest: usize, key: &Key, payload: &[u8], headers: &Headers) -> bool {
        let entry = self.entry(key, payload, headers);
        let is_plain = self.count == 0 && headers.is_empty();
        let len = if is_plain { payload.len() } else { self.len_with_entry(&entry, key) };
        if len <= longest {
            self.add(&entry, key, payload, headers);
        }
        len <= longest
    }

    fn count(&self) -> usize {
        self.count
    }

    fn finish(&mut self) -> Bytes {
        if let Some(mut record) = self.finish_unsealed() {
            seal(std::slice::from_mut(&mut record));
            return record.freeze();
        }
        // The data is the last field of the only record.
        let first = self.records.len() - self.first_len.filter(|_| self.count > 0).unwrap_or_default();
        let record = Bytes::copy_from_slice(&self.records[first..]);
        self.clear();
        record
    }

    fn finish_unsealed(&mut self) -> Option<BytesMut> {
        if self.is_plain() {
            return None;
        }
        let record = self.encode();
        self.clear();
        Some(record)
    }
}

/// Writes the digests of aggregates that lack them.
pub(super) fn seal(records: &mut [BytesMut]) {
    let bodies: Vec<_> =
        records.iter().map(|record| &record[MAGIC.len()..record.len() - DIGEST_LEN]).collect();
    let digests = md5_of_each(&bodies);
    for (record, digest) in records.iter_mut().zip(digests) {
        let body_end = record.len() - DIGEST_LEN;
        record[body_end..].copy_from_slice(&digest);
    }
}

/// Returns the length of a `Tag`, without its own tag and length prefix.
fn tag_len((name, value): (&str, &str)) -> usize {
    field_len(name.len()) + field_len(value.len())
}

fn encode_bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Returns how many decimal digits a hash key has.
fn decimal_len(hash_key: HashKey) -> usize {
    hash_key.get().checked_ilog10().unwrap_or(0) as usize + 1
}
