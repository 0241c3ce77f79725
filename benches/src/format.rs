//! How one message becomes bytes, called by hand.

use std::hint::black_box;

use bytes::Bytes;

use crate::load::Load;
use crate::order::Order;
use crate::outcome::Outcome;

/// A serializer, as a program without Headwater would call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Bytes as they are.
    Bytes,
    /// UTF-8 text.
    Text,
    /// UTF-8 text as a JSON string.
    JsonText,
    /// A struct as JSON.
    Json,
    /// A struct as MessagePack.
    MessagePack,
}

impl Format {
    /// Writes the nth message of a load.
    pub(crate) fn encode(self, load: &Load, n: usize) -> Outcome<Vec<u8>> {
        Ok(match self {
            Self::Bytes => load.bytes(n).to_vec(),
            Self::Text => load.text(n).as_bytes().to_vec(),
            Self::JsonText => serde_json::to_vec(load.text(n))?,
            Self::Json => serde_json::to_vec(load.order(n))?,
            Self::MessagePack => rmp_serde::to_vec_named(load.order(n))?,
        })
    }

    /// Reads a message, and lets go of it.
    pub(crate) fn decode(self, data: Vec<u8>) -> Outcome {
        match self {
            Self::Bytes => drop(black_box(Bytes::from(data))),
            Self::Text => drop(black_box(String::from_utf8(data)?)),
            Self::JsonText => drop(black_box(serde_json::from_slice::<String>(&data)?)),
            Self::Json => drop(black_box(serde_json::from_slice::<Order>(&data)?)),
            Self::MessagePack => drop(black_box(rmp_serde::from_slice::<Order>(&data)?)),
        }
        Ok(())
    }
}
