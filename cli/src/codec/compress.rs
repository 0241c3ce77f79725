//! Records that are compressed.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use bytes::Bytes;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use headwater::BoxError;
use headwater_kinesis::codec::{self, Compression, Split};

const ZSTD_LEVELS: RangeInclusive<i32> = 1..=22;
const GZIP_LEVELS: RangeInclusive<i32> = 1..=9;

/// A format that records are compressed in, and how hard it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    /// Zstandard, at a level
    Zstd(i32),
    /// LZ4, which has one level
    Lz4,
    /// Gzip, at a level
    Gzip(i32),
}

impl Compress {
    pub(crate) fn compression(self) -> Compression {
        match self {
            Self::Zstd(level) => Compression::zstd().level(level),
            Self::Lz4 => Compression::lz4(),
            Self::Gzip(level) => Compression::gzip().level(level),
        }
    }
}

impl FromStr for Compress {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let (format, level) = match written.split_once(':') {
            Some((format, level)) => (format, Some(level)),
            None => (written, None),
        };
        let within = |levels: RangeInclusive<i32>| {
            let Some(level) = level else { return Ok(*levels.start()) };
            level.parse().ok().filter(|level| levels.contains(level)).ok_or_else(|| {
                format!("{format} has levels {} to {}: {format}:3 is right", levels.start(), levels.end())
            })
        };
        match format {
            "zstd" => Ok(Self::Zstd(within(ZSTD_LEVELS)?)),
            "gzip" => Ok(Self::Gzip(within(GZIP_LEVELS)?)),
            "lz4" if level.is_none() => Ok(Self::Lz4),
            "lz4" => Err("lz4 has one level: lz4 is right".to_owned()),
            _ => Err("zstd, lz4 or gzip is right, or with a level, such as zstd:3".to_owned()),
        }
    }
}

/// Reads a format with or without its level, and offers the formats to help and completion.
#[derive(Clone)]
pub(crate) struct CompressParser;

impl TypedValueParser for CompressParser {
    type Value = Compress;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Compress, Error> {
        let read = StringValueParser::new().try_map(|written| written.parse::<Compress>());
        read.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let formats = [
            ("zstd", "Zstandard, the shortest of the three, at level 1; zstd:2 to zstd:22 try harder"),
            ("lz4", "LZ4: the least work"),
            ("gzip", "Gzip, what everything reads, at level 1; gzip:2 to gzip:9 try harder"),
        ];
        Some(Box::new(formats.into_iter().map(|(format, help)| PossibleValue::new(format).help(help))))
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

#[cfg(test)]
mod tests {
    use super::Compress;

    #[test]
    fn a_format_has_the_level_that_is_written_behind_it() {
        for (written, read) in [
            ("zstd", Compress::Zstd(1)),
            ("zstd:3", Compress::Zstd(3)),
            ("zstd:22", Compress::Zstd(22)),
            ("lz4", Compress::Lz4),
            ("gzip", Compress::Gzip(1)),
            ("gzip:9", Compress::Gzip(9)),
        ] {
            assert_eq!(written.parse(), Ok(read), "{written}");
        }
    }

    #[test]
    fn a_wrong_format_or_level_is_told_what_is_right() {
        for (wrong, right) in [
            ("zstd:23", "zstd has levels 1 to 22: zstd:3 is right"),
            ("zstd:", "zstd has levels 1 to 22: zstd:3 is right"),
            ("gzip:0", "gzip has levels 1 to 9: gzip:3 is right"),
            ("lz4:1", "lz4 has one level: lz4 is right"),
            ("brotli:3", "zstd, lz4 or gzip is right, or with a level, such as zstd:3"),
        ] {
            assert_eq!(wrong.parse::<Compress>(), Err(right.to_owned()), "{wrong}");
        }
    }
}
