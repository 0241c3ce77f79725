//! The memory of a page's payloads.

use std::mem;

use bytes::Bytes;
use headwater::source::{Chunk, Record};

use super::record::Found;

/// From which size on a payload has a chunk of its own, so that no chunk is left mostly empty.
const LARGE: usize = Chunk::SIZE / 4;

/// Decodes payloads into chunks of memory that many of them share, so that a record costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What is written at the moment.
    chunk: Vec<u8>,
    /// Which records have their payload in it, and where that ends.
    ends: Vec<(usize, usize)>,
    chunks: Vec<Chunk>,
    payloads: usize,
}

impl Memory {
    /// Adds a record, and tells whether its payload could be decoded; where not, nothing is added. `more` is how many
    /// bytes the payloads to come take about, as far as that is known.
    pub(super) fn add(&mut self, records: &mut Vec<Record>, found: Found<'_>, more: usize) -> bool {
        let most = found.data.most();
        if most >= LARGE {
            let mut own = Vec::with_capacity(most);
            let is_decoded = found.data.decode(&mut own);
            if is_decoded {
                self.payloads += own.len();
                let chunk = Chunk::new(own);
                records.push(found.with(chunk.slice(..)));
                self.chunks.push(chunk);
            }
            return is_decoded;
        }
        if self.chunk.capacity() - self.chunk.len() < most {
            self.share(records);
            self.chunk = Vec::with_capacity(more.clamp(most, Chunk::SIZE));
        }
        let begin = self.chunk.len();
        if !found.data.decode(&mut self.chunk) {
            return false;
        }
        self.payloads += self.chunk.len() - begin;
        self.ends.push((records.len(), self.chunk.len()));
        records.push(found.with(Bytes::new()));
        true
    }

    /// Gives the last records their payloads, and returns all chunks and the bytes of all payloads.
    pub(super) fn finish(mut self, records: &mut [Record]) -> (Vec<Chunk>, usize) {
        self.share(records);
        (self.chunks, self.payloads)
    }

    fn share(&mut self, records: &mut [Record]) {
        if self.ends.is_empty() {
            return;
        }
        let chunk = Chunk::new(mem::take(&mut self.chunk));
        let mut begin = 0;
        for (record, end) in self.ends.drain(..) {
            records[record].payload = chunk.slice(begin..end);
            begin = end;
        }
        self.chunks.push(chunk);
    }
}
