//! The record that a frame grows.

use bytes::Bytes;

/// The bytes and the count of a frame that appends its messages one after another.
#[derive(Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
}

impl Buffer {
    pub(super) fn take(&mut self) -> Bytes {
        self.count = 0;
        Bytes::from(std::mem::take(&mut self.bytes))
    }
}
