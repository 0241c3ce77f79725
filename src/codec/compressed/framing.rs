//! A framing whose records are compressed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::compressed::format::Format;
use crate::codec::compressed::frame::CompressedFrame;
use crate::codec::compressed::inflaters::Inflaters;
use crate::codec::{Compression, Frame, Framing, Split};
use crate::{BoxError, HashKey, Key};

/// A framing whose records are those of another, compressed.
pub(in crate::codec) struct Compressed {
    inner: Arc<dyn Framing>,
    compression: Compression,
    inflaters: Inflaters,
}

impl Compressed {
    pub(in crate::codec) fn new(inner: Arc<dyn Framing>, compression: Compression) -> Self {
        Self { inner, compression, inflaters: Inflaters::default() }
    }
}

/// How long a record is before it is compressed. Writes are charged by units of 25 KB, of which a fifth of 50 KiB would leave
/// most unused. Four times as much makes text no more than a twentieth shorter.
const FRAME_SIZE: usize = 256 * 1024;

impl Framing for Compressed {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn joins(&self) -> bool {
        self.inner.joins()
    }

    fn carries_keys(&self) -> bool {
        self.inner.carries_keys()
    }

    fn carries_headers(&self) -> bool {
        self.inner.carries_headers()
    }

    fn frame_size(&self) -> usize {
        FRAME_SIZE
    }

    fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        self.inner.shared_key(first, hash_key)
    }

    fn accepts(&self, payload: &[u8]) -> Result<(), BoxError> {
        self.inner.accepts(payload)
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(CompressedFrame::new(self.inner.open(), self.compression))
    }

    fn split(&self, record: &Bytes) -> Split {
        let Some(format) = Format::of(record) else { return self.inner.split(record) };
        match self.inflaters.inflate(format, record, self.compression.most_inflated()) {
            Ok(inflated) => self.inner.split(&inflated),
            Err(cause) => Split::unreadable(record, cause),
        }
    }
}

impl fmt::Debug for Compressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressed")
            .field("framing", &self.inner)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}
