//! Reads one shard of an in-process stream.

use std::mem;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::memory::MemoryStream;
use crate::memory::shard::MemoryShard;
use crate::source::{Fetch, Page, ReadFrom, Record};
use crate::{Result, ShardId};

/// The most records in one page, as in Kinesis.
const PAGE_RECORDS: usize = 10_000;

pub(super) struct MemoryFetch {
    stream: MemoryStream,
    shard: ShardId,
    from: ReadFrom,
    /// The next record to read, once the place to start from was looked up.
    next: Option<usize>,
    /// Set once the tip was told of: from then on a fetch waits for something new.
    told_tip: bool,
    /// Set while there is a gap to tell of.
    gap: bool,
}

impl MemoryFetch {
    pub(super) fn new(stream: MemoryStream, shard: ShardId, from: ReadFrom) -> Self {
        Self { stream, shard, from, next: None, told_tip: false, gap: false }
    }

    /// Waits for something new once the tip was told of.
    async fn wait(&mut self) {
        loop {
            let changed = self.stream.changed();
            let next = self.next.unwrap_or(0);
            let news = |shard: &MemoryShard| next < shard.end() || shard.children.is_some();
            if !self.told_tip || self.stream.with_shard(&self.shard, news) {
                return;
            }
            changed.await;
        }
    }

    fn fetch(&mut self) -> Result<Page> {
        if let Some(error) = self.stream.faults().fetch(self.stream.name()) {
            return Err(error);
        }
        let page = self.page();
        self.told_tip = page.records.is_empty() && page.end.is_none();
        Ok(page)
    }

    fn page(&mut self) -> Page {
        self.stream.with_shard(&self.shard, |shard| {
            self.gap |= match self.next {
                Some(next) => next < shard.first(),
                None => shard.has_trimmed_after(&self.from),
            };
            let next = self.next.unwrap_or_else(|| shard.index(&self.from));
            let records: Vec<Record> =
                shard.records_from(next).take(PAGE_RECORDS).map(Record::from).collect();
            let next = next.max(shard.first()) + records.len();
            self.next = Some(next);
            let is_last = next == shard.end();
            let end = shard.children.clone().filter(|_| is_last);
            // Its other side is a record, or the end.
            let has_other_side = !records.is_empty() || end.is_some();
            Page {
                bytes: records.iter().map(|record| record.payload.len()).sum(),
                gap: has_other_side && mem::take(&mut self.gap),
                records,
                chunks: Vec::new(),
                millis_behind_latest: Some(u64::from(!is_last)),
                end,
            }
        })
    }
}

impl Fetch for MemoryFetch {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.wait().boxed()
    }

    fn largest(&self) -> usize {
        let waiting = |shard: &MemoryShard| {
            let next = self.next.unwrap_or_else(|| shard.index(&self.from));
            shard.records_from(next).take(PAGE_RECORDS).map(|record| record.payload.len()).sum()
        };
        self.stream.with_shard(&self.shard, waiting)
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        std::future::ready(self.fetch()).boxed()
    }
}
