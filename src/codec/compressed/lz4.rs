//! The [LZ4 frame format](https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md).

use std::io::{self, Read, Write};
use std::mem;

use bytes::{Buf, Bytes};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::BoxError;
use crate::codec::compressed::pack::{Pack, Unpack};
use crate::codec::compressed::within::read_within;

pub(super) struct Packer(FrameEncoder<Vec<u8>>);

impl Packer {
    pub(super) fn create(_: i32) -> Box<dyn Pack> {
        // A decoder clears a block's room for every block, so that small ones are cheap to read. They share one window.
        let info = FrameInfo::new()
            .block_size(BlockSize::Max64KB)
            .block_mode(BlockMode::Linked)
            .content_checksum(true);
        Box::new(Self(FrameEncoder::with_frame_info(info, Vec::new())))
    }
}

impl Pack for Packer {
    fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        mem::swap(self.0.get_mut(), out);
        let packed = self.0.write_all(plain).and_then(|()| Ok(self.0.try_finish()?));
        mem::swap(self.0.get_mut(), out);
        packed
    }
}

#[derive(Default)]
pub(super) struct Unpacker(Option<FrameDecoder<Input>>);

impl Unpacker {
    pub(super) fn create() -> Box<dyn Unpack> {
        Box::new(Self::default())
    }
}

impl Unpack for Unpacker {
    fn unpack(&mut self, record: &Bytes, limit: usize) -> Result<Vec<u8>, BoxError> {
        let decoder = self.0.get_or_insert_with(|| FrameDecoder::new(Input::default()));
        *decoder.get_mut() = Input { rest: record.clone(), is_starved: false };
        // The size is not stated. Most text is a few times shorter.
        let mut out = Vec::with_capacity(record.len().saturating_mul(4).min(limit));
        while !decoder.get_ref().rest.is_empty() {
            read_within(&mut *decoder, &mut out, limit)?;
        }
        if mem::take(decoder.get_mut()).is_starved {
            return Err("it is cut short".into());
        }
        Ok(out)
    }
}

/// What is left of a record. The decoder takes a frame that ends between two blocks for one that is whole, so that it has
/// to be known whether it asked for more.
#[derive(Default)]
struct Input {
    rest: Bytes,
    is_starved: bool,
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.rest.len());
        self.is_starved |= len < out.len();
        self.rest.copy_to_slice(&mut out[..len]);
        Ok(len)
    }
}
