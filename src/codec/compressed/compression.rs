//! How records are compressed.

use std::fmt;

use crate::codec::compressed::format::Format;
use crate::codec::compressed::pack::Pack;

/// How records are compressed, for [`Codec::compressed`](crate::codec::Codec::compressed): a format, its level, and how
/// much a reader inflates at most.
///
/// Each format is a feature of the crate:
///
/// | feature | what a record is | how much shorter | µs per KB to write · to read |
/// |---|---|---|---|
/// | `zstd` | a [Zstandard](https://www.rfc-editor.org/rfc/rfc8878) frame with its length and checksum | 3.6 to 20 times | 0.7 to 1.5 · 0.6 to 0.9 |
/// | `lz4` | an [LZ4 frame](https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md) with a checksum | 2.3 to 9.4 times | 0.9 to 1.2 · 0.7 to 0.8 |
/// | `gzip` | a [gzip](https://www.rfc-editor.org/rfc/rfc1952) member | 2.9 to 11 times | 3.5 to 7.5 · 2 to 6 |
///
/// The figures are of level 1 and 256 KiB of JSON lines before compression: events with two random tokens each at one end,
/// orders that mostly repeat each other at the other. Level 3 of Zstandard makes neither shorter by more than a fiftieth, and
/// level 9 takes twenty times the work for a fifth at best. Messages that travel alone gain little: an order of 1 KB is half
/// as long, and costs ten times as much a byte.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "zstd")] {
/// use headwater::codec::{self, Compression};
///
/// let codec = codec::json_lines::<u64>().compressed(Compression::zstd().level(9).max_inflated(1 << 20));
/// assert!(codec.framing().joins());
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Compression {
    format: Format,
    level: i32,
    max_inflated: usize,
    create: fn(i32) -> Box<dyn Pack>,
}

const MAX_INFLATED: usize = 16 * 1024 * 1024;

impl Compression {
    /// Chooses Zstandard: the best of the three for text, at its fastest.
    #[cfg(feature = "zstd")]
    pub fn zstd() -> Self {
        Self::new(Format::Zstd, super::zstd::Packer::create)
    }

    /// Chooses LZ4: half the work, and records about twice as long.
    #[cfg(feature = "lz4")]
    pub fn lz4() -> Self {
        Self::new(Format::Lz4, super::lz4::Packer::create)
    }

    /// Chooses gzip: what everything reads.
    #[cfg(feature = "gzip")]
    pub fn gzip() -> Self {
        Self::new(Format::Gzip, super::gzip::Packer::create)
    }

    fn new(format: Format, create: fn(i32) -> Box<dyn Pack>) -> Self {
        Self { format, level: 1, max_inflated: MAX_INFLATED, create }
    }

    /// Sets how hard it tries. Default: 1, the fastest. Zstandard has 1 to 22, and faster ones below zero; gzip has 1 to
    /// 9; a level beyond is taken for the nearest. LZ4 has one only.
    ///
    /// Records are compressed on the task of the sink, one after another.
    pub fn level(mut self, level: i32) -> Self {
        self.level = level;
        self
    }

    /// Sets how long a record may be when it is inflated, in bytes. Default: 16 MiB; a Kinesis record has 10 MiB at most.
    ///
    /// A record that is longer is poison, and never takes more memory than this: it is inflated no further.
    pub fn max_inflated(mut self, bytes: usize) -> Self {
        self.max_inflated = bytes;
        self
    }

    pub(super) fn packer(&self) -> Box<dyn Pack> {
        (self.create)(self.level)
    }

    pub(super) fn most_inflated(&self) -> usize {
        self.max_inflated
    }
}

impl fmt::Debug for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compression")
            .field("format", &self.format)
            .field("level", &self.level)
            .field("max_inflated", &self.max_inflated)
            .finish_non_exhaustive()
    }
}
