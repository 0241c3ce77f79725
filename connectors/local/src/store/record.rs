//! A record as it is stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::Timestamp;

/// Data in base64, as it came over the wire and as it goes back: a record is read about as often as it is
/// written, and both sides then copy text instead of encoding. It is valid, canonical base64 by construction.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    base64: Bytes,
    decoded_len: usize,
}

impl Payload {
    /// Takes text whose validity the codec has established by decoding it to `decoded_len` bytes.
    pub(crate) fn from_valid_base64(base64: Bytes, decoded_len: usize) -> Self {
        Self { base64, decoded_len }
    }

    pub(crate) fn from_data(data: &[u8]) -> Self {
        Self { base64: STANDARD.encode(data).into(), decoded_len: data.len() }
    }

    pub(crate) fn base64(&self) -> &[u8] {
        &self.base64
    }

    pub(crate) fn decoded_len(&self) -> usize {
        self.decoded_len
    }

    pub(crate) fn decode(&self) -> Bytes {
        STANDARD.decode(&self.base64).expect("stored base64 is valid").into()
    }
}

/// UTF-8 text that shares the buffer of the request it came with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(Bytes);

impl Text {
    /// Takes a part of `body` that a parser found to be this text.
    pub(crate) fn sharing(body: &Bytes, text: &str) -> Self {
        Self(body.slice_ref(text.as_bytes()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made from a str")
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// A stored record. Its shard gives the rest of its sequence number.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) counter: u64,
    pub(crate) arrival: Timestamp,
    /// Empty where the producer gave none, as it may to a stream that distributes by itself.
    pub(crate) partition_key: Text,
    pub(crate) explicit_hash_key: Option<u128>,
    pub(crate) payload: Payload,
}

impl Record {
    /// What the record counts for in every limit: its data and its partition key.
    pub(crate) fn size(&self) -> usize {
        self.payload.decoded_len() + self.partition_key.as_bytes().len()
    }

    /// Moves the record into a buffer of its own, so that it no longer keeps the body of its request alive.
    pub(crate) fn detach(&mut self) {
        let (key, data) = (self.partition_key.as_bytes(), self.payload.base64());
        let mut buffer = BytesMut::with_capacity(key.len() + data.len());
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(data);
        let mut buffer = buffer.freeze();
        self.partition_key = Text(buffer.split_to(key.len()));
        self.payload.base64 = buffer;
    }
}
