//! A stream whose pages come in chunks.

use std::mem;

use futures::future::{BoxFuture, FutureExt};

use crate::Result;
use crate::source::{Chunk, Fetch, Page};

/// How many records share a chunk.
pub(super) const PER_CHUNK: usize = 4;

/// A fetcher that copies payloads into chunks.
pub(super) struct Chunked(Box<dyn Fetch>);

impl Chunked {
    pub(super) fn boxed(fetch: Box<dyn Fetch>) -> Box<dyn Fetch> {
        Box::new(Self(fetch))
    }
}

impl Fetch for Chunked {
    fn largest(&self) -> usize {
        self.0.largest()
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.0.due()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async {
            let mut page = self.0.next().await?;
            for records in page.records.chunks_mut(PER_CHUNK) {
                let written: Vec<u8> = records.iter().flat_map(|record| &record.payload).copied().collect();
                let chunk = Chunk::new(written);
                let mut begin = 0;
                for record in records {
                    let end = begin + mem::take(&mut record.payload).len();
                    record.payload = chunk.slice(mem::replace(&mut begin, end)..end);
                }
                page.chunks.push(chunk);
            }
            Ok(page)
        }
        .boxed()
    }
}
