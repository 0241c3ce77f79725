//! The codec that a reader was told, or none.

use std::iter;

use bytes::Bytes;
use clap::ValueEnum as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use headwater_kinesis::codec::Codec;

use crate::codec::{Auto, CodecName, Format, Payload};

/// How records are read: by a codec, or each as what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// MessagePack, JSON lines, JSON, text or bytes, whatever a record is
    Auto,
    /// As what they were said to be
    As(CodecName),
}

impl Reading {
    /// Reads the name of a codec, or `auto`.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let auto = PossibleValue::new("auto").help("Whatever each record looks like");
        let named = CodecName::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        PossibleValuesParser::new(iter::once(auto).chain(named))
            .map(|name| CodecName::from_str(&name, false).map_or(Self::Auto, Self::As))
    }

    /// The codec, over payloads as a shell has them.
    pub(crate) fn codec(self) -> Codec<Format> {
        match self {
            Self::Auto => Codec::new(Auto, Format::Raw).zstd(),
            Self::As(name) => name.reading(),
        }
    }

    /// Says what a payload that was decoded by the codec is.
    pub(crate) fn payload(self, bytes: Bytes) -> Payload {
        match self {
            Self::Auto => Payload::guess(bytes),
            Self::As(CodecName::Bytes) => Payload::Binary(bytes),
            Self::As(name) if name.is_json() => Payload::Json(bytes),
            Self::As(_) => Payload::Text(bytes),
        }
    }
}
