//! A record as it is stored.

use bytes::{Bytes, BytesMut};

use super::{Payload, Timestamp};

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

    /// The bytes that are kept for it of the body that it came in.
    pub(crate) fn kept(&self) -> usize {
        self.payload.stored().len() + self.partition_key.as_bytes().len()
    }

    /// Moves the record into a buffer of its own, so that it no longer keeps the body of its request alive.
    pub(crate) fn detach(&mut self) {
        let (key, data) = (self.partition_key.as_bytes(), self.payload.stored());
        let mut buffer = BytesMut::with_capacity(key.len() + data.len());
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(data);
        let mut buffer = buffer.freeze();
        self.partition_key = Text(buffer.split_to(key.len()));
        self.payload.move_to(buffer);
    }
}
