//! A key table of an aggregate in the making.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// The distinct keys of an aggregate in order of first use, and their protobuf, grown key by key.
pub(super) struct Table<K> {
    // Seeded anew for each table: whoever makes up keys cannot make them collide.
    indices: HashMap<K, u64, RandomState>,
    encoded: Vec<u8>,
}

impl<K: Eq + Hash> Table<K> {
    /// Returns the index that the key has, or would get, and whether it is new.
    pub(super) fn find(&self, key: &K) -> (u64, bool) {
        self.indices.get(key).map_or((self.indices.len() as u64, true), |index| (*index, false))
    }

    /// Adds a key that [`find`](Self::find) has called new.
    pub(super) fn add(&mut self, field: u32, key: K, text: &str) {
        let index = self.indices.len() as u64;
        self.indices.insert(key, index);
        encode_key(field, WireType::LengthDelimited, &mut self.encoded);
        encode_varint(text.len() as u64, &mut self.encoded);
        self.encoded.extend_from_slice(text.as_bytes());
    }

    /// Returns the protobuf of the table.
    pub(super) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    pub(super) fn clear(&mut self) {
        self.indices.clear();
        self.encoded.clear();
    }
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { indices: HashMap::default(), encoded: Vec::new() }
    }
}

/// Returns the length of a field of bytes: its tag (a single byte, as all field numbers are below 16), its length
/// prefix and the bytes.
pub(super) fn field_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}
