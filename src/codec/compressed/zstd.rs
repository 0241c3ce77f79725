//! Zstandard, [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878).

use std::io;

use bytes::Bytes;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{self, CParameter, DCtx};

use crate::BoxError;
use crate::codec::compressed::pack::{Pack, Unpack};
use crate::codec::compressed::within::{grown, too_long};

/// What zstd returns where the outcome does not fit, a number that it promises to keep.
const TOO_SMALL: usize = 70_usize.wrapping_neg();

pub(super) struct Packer {
    context: Compressor<'static>,
    level: i32,
}

impl Packer {
    pub(super) fn create(level: i32) -> Box<dyn Pack> {
        Box::new(Self { context: Compressor::default(), level })
    }
}

impl Pack for Packer {
    fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        out.reserve(zstd_safe::compress_bound(plain.len()));
        self.context.set_parameter(CParameter::CompressionLevel(self.level))?;
        self.context.include_checksum(true)?;
        self.context.compress_to_buffer(plain, out)?;
        Ok(())
    }
}

pub(super) struct Unpacker(DCtx<'static>);

impl Unpacker {
    pub(super) fn create() -> Box<dyn Unpack> {
        Box::new(Self(DCtx::create()))
    }
}

impl Unpack for Unpacker {
    /// Inflates straight into the outcome: a streaming decoder would hold a window beside it, as large as the record
    /// says.
    fn unpack(&mut self, record: &Bytes, limit: usize) -> Result<Vec<u8>, BoxError> {
        let stated = match zstd_safe::get_frame_content_size(record) {
            Ok(Some(stated)) => stated,
            // Most text is a few times shorter.
            Ok(None) => record.len().saturating_mul(4) as u64,
            Err(_) => return Err("its header is damaged or cut short".into()),
        };
        let mut capacity = usize::try_from(stated).unwrap_or(usize::MAX).min(limit);
        loop {
            let mut out = Vec::with_capacity(capacity);
            match self.0.decompress(&mut out, record) {
                Ok(_) => return Ok(out),
                // The size is unknown, or that of the first of several frames.
                Err(TOO_SMALL) if capacity < limit => capacity = grown(grown(capacity, limit), limit),
                Err(TOO_SMALL) => return Err(too_long(limit)),
                Err(code) => return Err(zstd_safe::get_error_name(code).to_lowercase().into()),
            }
        }
    }
}
