//! The names of codecs.

use clap::ValueEnum;
use headwater_kinesis::codec::{Codec, Kpl, Lines, List, Netstrings, Single};

use crate::codec::{Compress, Format};
use crate::failure::Failure;

/// A codec, by the name of its preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CodecName {
    /// One text per record
    String,
    /// One JSON value per record
    Json,
    /// One JSON value per line, many lines per record
    JsonLines,
    /// One JSON array per record
    JsonList,
    /// MessagePack in netstrings
    Msgpack,
    /// JSON in KPL aggregates
    KplJson,
    /// Text in KPL aggregates
    KplString,
    /// One record as it is
    Bytes,
}

impl CodecName {
    /// The codec for reading, which takes compressed records for what is in them. Bytes are as they are.
    pub(crate) fn reading(self) -> Codec<Format> {
        match self {
            Self::Bytes => self.codec(),
            _ => self.codec().zstd(),
        }
    }

    /// The codec for writing.
    ///
    /// # Errors
    ///
    /// A wrong use of the command: bytes are not compressed, since nothing would inflate them.
    pub(crate) fn writing(self, compress: Option<Compress>) -> Result<Codec<Format>, Failure> {
        match compress {
            None => Ok(self.codec()),
            Some(_) if self == Self::Bytes => Err(Failure::usage(
                "--compress: with the codec bytes records stay as they are; give --codec json, or another",
            )),
            Some(compress) => Ok(self.codec().compressed(compress.compression())),
        }
    }

    /// The codec, over payloads as a shell has them.
    pub(crate) fn codec(self) -> Codec<Format> {
        match self {
            Self::String => Codec::new(Single, Format::Text),
            Self::Json => Codec::new(Single, Format::Json),
            Self::JsonLines => Codec::new(Lines, Format::Json),
            Self::JsonList => Codec::new(List, Format::Json),
            Self::Msgpack => Codec::new(Netstrings, Format::MessagePack),
            Self::KplJson => Codec::new(Kpl, Format::Json),
            Self::KplString => Codec::new(Kpl, Format::Text),
            Self::Bytes => Codec::new(Single, Format::Raw),
        }
    }

    /// Whether its payloads are JSON in the command, and not text or bytes.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonLines | Self::JsonList | Self::Msgpack | Self::KplJson)
    }
}
