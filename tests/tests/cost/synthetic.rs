//! A stream that is made as it is read, in pages of chunks.

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use headwater::source::{Chunk, Fetch, Page, ReadFrom, Record, Shard, Upstream};
use headwater::{Headers, Key, Result, ShardId};

/// How many records a page has.
pub(crate) const PAGE: usize = 10_000;

/// One closed shard.
#[derive(Debug)]
pub(crate) struct Synthetic {
    pub(crate) pages: usize,
    /// The payload of each record.
    pub(crate) payload: Vec<u8>,
}

struct Pages {
    left: usize,
    made: usize,
    payload: Vec<u8>,
}

impl Upstream for Synthetic {
    fn stream(&self) -> &'static str {
        "orders"
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        ready(Ok(vec![Shard { id: "shardId-000000000000".into(), parents: Vec::new() }])).boxed()
    }

    fn open(&self, _: &ShardId, _: ReadFrom) -> Box<dyn Fetch> {
        Box::new(Pages { left: self.pages, made: 0, payload: self.payload.clone() })
    }
}

impl Fetch for Pages {
    fn largest(&self) -> usize {
        PAGE * self.payload.len()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        self.left -= 1;
        let per_chunk = Chunk::SIZE / self.payload.len();
        let (mut records, mut chunks) = (Vec::with_capacity(PAGE), Vec::with_capacity(PAGE / per_chunk + 1));
        while records.len() < PAGE {
            let count = per_chunk.min(PAGE - records.len());
            let chunk = Chunk::new(self.payload.repeat(count));
            let (made, length) = (self.made, self.payload.len());
            records.extend((0..count).map(|n| record(made + n, chunk.slice(n * length..(n + 1) * length))));
            self.made += count;
            chunks.push(chunk);
        }
        let end = (self.left == 0).then(Vec::new);
        ready(Ok(Page { bytes: PAGE * self.payload.len(), records, chunks, end, ..Page::default() })).boxed()
    }
}

fn record(number: usize, payload: bytes::Bytes) -> Record {
    let mut digits = [b'0'; 56];
    digits[0] = b'4';
    let mut rest = number;
    for digit in digits.iter_mut().rev().take(20) {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    Record {
        payload,
        key: Some(Key::from("customer-4711")),
        headers: Headers::new(),
        sequence: std::str::from_utf8(&digits).expect("digits").into(),
        sub_sequence: None,
        completes: true,
        arrival: None,
    }
}
