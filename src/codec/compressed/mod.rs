//! Records that are compressed: any framing's record, whole, in one of three formats that a reader tells by their first
//! bytes.
//!
//! ```text
//!   frame ──► finish ──► Pack ──► shorter? the compressed record : the record as it is
//!   record ──► Format::of ──► Unpack, within a limit ──► the framing's split, on slices of what was inflated
//! ```

mod compression;
mod format;
mod frame;
mod framing;
#[cfg(feature = "gzip")]
mod gzip;
mod inflaters;
#[cfg(feature = "lz4")]
mod lz4;
mod pack;
#[cfg(test)]
mod tests;
mod within;
#[cfg(feature = "zstd")]
mod zstd;

pub use compression::Compression;
pub(super) use framing::Compressed;
