//! The record that a frame grows.

use bytes::Bytes;

/// The bytes and the count of a frame that appends its messages one after another, in memory that all its records
/// use: each is copied out at its exact length, which costs less than to grow a new one.
#[derive(Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
}

impl Buffer {
    pub(super) fn take(&mut self) -> Bytes {
        self.count = 0;
        let record = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        record
    }
}
