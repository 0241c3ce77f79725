//! A record in the making that is compressed at its end.

use std::io;

use bytes::Bytes;

use crate::codec::compressed::format::Format;
use crate::codec::compressed::pack::Pack;
use crate::codec::{Compression, Frame};
use crate::{Headers, Key};

/// A frame that is compressed when it ends, where that makes it shorter.
pub(super) struct CompressedFrame {
    inner: Box<dyn Frame>,
    compression: Compression,
    /// Made for the first record: a frame may be opened only to ask for a length.
    packer: Option<Box<dyn Pack>>,
    packed: Vec<u8>,
}

impl CompressedFrame {
    pub(super) fn new(inner: Box<dyn Frame>, compression: Compression) -> Self {
        Self { inner, compression, packer: None, packed: Vec::new() }
    }

    /// Compresses into `packed`.
    fn pack(&mut self, plain: &[u8]) -> io::Result<()> {
        self.packer.get_or_insert_with(|| self.compression.packer()).pack(plain, &mut self.packed)
    }
}

impl Frame for CompressedFrame {
    /// The most that it can be: what cannot be compressed grows by the format's own bytes.
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize {
        let plain = self.inner.len_with(key, payload, headers);
        plain + plain / 4096 + 64
    }

    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers) {
        self.inner.push(key, payload, headers);
    }

    fn count(&self) -> usize {
        self.inner.count()
    }

    fn finish(&mut self) -> Bytes {
        let plain = self.inner.finish();
        // A reader takes whatever begins like a format for compressed, so that must be.
        if self.pack(&plain).is_ok() && (self.packed.len() < plain.len() || Format::of(&plain).is_some()) {
            Bytes::copy_from_slice(&self.packed)
        } else {
            plain
        }
    }
}
