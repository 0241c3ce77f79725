//! The formats that a record may be compressed in.

/// A format that a record may be compressed in, recognised by what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Zstd,
    Lz4,
    Gzip,
}

impl Format {
    pub(super) const ALL: [Self; 3] = [Self::Zstd, Self::Lz4, Self::Gzip];

    /// Returns the format of a record; `None` where it is not compressed.
    pub(super) fn of(record: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|format| record.starts_with(format.magic()))
    }

    /// Returns its name, which is that of the feature too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Gzip => "gzip",
        }
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Self::Lz4 => &[0x04, 0x22, 0x4d, 0x18],
            // The third byte is the method, and there is only one.
            Self::Gzip => &[0x1f, 0x8b, 0x08],
        }
    }
}
