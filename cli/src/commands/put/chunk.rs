//! Bytes of a reader up to their end, of which a bounded part is kept.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// The longest line end: `\r\n`.
const LINE_END: usize = 2;

/// Bytes up to an end, or to that of the reader.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    kept: Vec<u8>,
    /// How many there were.
    len: u64,
    most: usize,
    /// It is not the end of the reader that ended it.
    ended: bool,
}

impl Chunk {
    /// Reads up to a byte that ends it, or to the end of the reader; none where there is nothing. Of more than `most`
    /// bytes, a line end aside, none are kept.
    pub(super) async fn read(
        reader: &mut (impl AsyncBufRead + Unpin),
        end: Option<u8>,
        most: usize,
    ) -> io::Result<Option<Self>> {
        let mut chunk = Self { most, ..Self::default() };
        loop {
            let there = reader.fill_buf().await?;
            if there.is_empty() {
                return Ok((chunk.len > 0).then_some(chunk));
            }
            let at = end.and_then(|end| there.iter().position(|&byte| byte == end));
            let taken = at.map_or(there.len(), |at| at + 1);
            chunk.take(&there[..taken]);
            reader.consume(taken);
            if at.is_some() {
                chunk.ended = true;
                return Ok(Some(chunk));
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        if self.len > (self.most + LINE_END) as u64 {
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// All of it, or how many bytes it had where they were too many.
    pub(super) fn whole(self) -> Result<Vec<u8>, u64> {
        if self.len > self.most as u64 { Err(self.len) } else { Ok(self.kept) }
    }

    /// The same without its `\n` or `\r\n`.
    pub(super) fn line(mut self) -> Result<Vec<u8>, u64> {
        if self.kept.is_empty() {
            // One that was too long to be kept.
            self.len -= u64::from(self.ended);
        } else {
            if self.kept.pop_if(|byte| *byte == b'\n').is_some() {
                self.kept.pop_if(|byte| *byte == b'\r');
            }
            self.len = self.kept.len() as u64;
        }
        self.whole()
    }
}
