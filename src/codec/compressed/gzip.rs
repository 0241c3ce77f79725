//! Gzip, [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952).

use std::io::{self, Cursor};
use std::mem;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::BoxError;
use crate::codec::compressed::pack::{Pack, Unpack};
use crate::codec::compressed::within::read_within;

/// Deflate, no flags, no time, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Writes header and trailer itself, because the encoder that would do so cannot be used again.
pub(super) struct Packer(Compress);

impl Packer {
    pub(super) fn create(level: i32) -> Box<dyn Pack> {
        let level = Compression::new(level.clamp(1, 9).unsigned_abs());
        Box::new(Self(Compress::new(level, false)))
    }
}

impl Pack for Packer {
    fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        out.extend_from_slice(&HEADER);
        self.0.reset();
        loop {
            out.reserve(plain.len() / 2 + 64);
            let rest = &plain[self.0.total_in() as usize..];
            if self.0.compress_vec(rest, out, FlushCompress::Finish)? == Status::StreamEnd {
                break;
            }
        }
        if out.len() - HEADER.len() > plain.len() {
            store(plain, out);
        }
        let mut crc = Crc::new();
        crc.update(plain);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&crc.amount().to_le_bytes());
        Ok(())
    }
}

/// Writes `plain` in blocks that are not compressed, each with its length before it.
fn store(plain: &[u8], out: &mut Vec<u8>) {
    out.truncate(HEADER.len());
    for block in plain.chunks(usize::from(u16::MAX)) {
        let len = block.len() as u16;
        out.push(0);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(block);
    }
    // An empty one, which is the last.
    out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
}

#[derive(Default)]
pub(super) struct Unpacker(Option<GzDecoder<Cursor<Bytes>>>);

impl Unpacker {
    pub(super) fn create() -> Box<dyn Unpack> {
        Box::new(Self::default())
    }
}

impl Unpack for Unpacker {
    fn unpack(&mut self, record: &Bytes, limit: usize) -> Result<Vec<u8>, BoxError> {
        let mut out = Vec::with_capacity(stated_len(record).min(limit));
        let mut rest = Cursor::new(record.clone());
        // Members follow one another.
        while rest.position() < record.len() as u64 {
            let decoder = match &mut self.0 {
                Some(decoder) => {
                    decoder.reset(rest);
                    decoder
                }
                none => none.insert(GzDecoder::new(rest)),
            };
            read_within(&mut *decoder, &mut out, limit)?;
            rest = mem::take(decoder.get_mut());
        }
        Ok(out)
    }
}

/// Returns the length that the last member states.
fn stated_len(record: &[u8]) -> usize {
    record.last_chunk().map_or(0, |stated| u32::from_le_bytes(*stated) as usize)
}
