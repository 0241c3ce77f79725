//! What each format does.

use std::io;

use bytes::Bytes;

use crate::BoxError;

/// Compresses records, one after another.
pub(super) trait Pack: Send {
    /// Replaces what is in `out` by a record that begins with the format's magic bytes.
    ///
    /// # Errors
    ///
    /// For want of memory.
    fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()>;
}

/// Inflates records, one after another. Not to be used again after an error.
pub(super) trait Unpack: Send {
    /// Inflates all of a record, whatever number of frames or members it has, and takes no more memory than `limit` for
    /// the outcome.
    ///
    /// # Errors
    ///
    /// Where the record is damaged, cut short, or longer than `limit`.
    fn unpack(&mut self, record: &Bytes, limit: usize) -> Result<Vec<u8>, BoxError>;
}
