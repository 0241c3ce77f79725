//! Records that are compressed.

use bytes::Bytes;
use clap::ValueEnum;
use headwater::BoxError;
use headwater_kinesis::codec::{self, Compression, Split};

/// A format that records are compressed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compress {
    /// Zstandard, level 1: the shortest of the three
    Zstd,
    /// LZ4: the least work
    Lz4,
    /// Gzip, level 1: what everything reads
    Gzip,
}

impl Compress {
    pub(crate) fn compression(self) -> Compression {
        match self {
            Self::Zstd => Compression::zstd(),
            Self::Lz4 => Compression::lz4(),
            Self::Gzip => Compression::gzip(),
        }
    }
}

/// What a record is when it is inflated; itself where it is not compressed.
pub(crate) fn inflate(record: &Bytes) -> Result<Bytes, BoxError> {
    let Split { mut parts, damaged } = codec::bytes().zstd().framing().split(record);
    match damaged {
        Some((_, why)) => Err(why),
        None => Ok(parts.pop().map_or_else(Bytes::new, |part| part.payload)),
    }
}
