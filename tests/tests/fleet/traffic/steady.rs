//! A stream of which nothing is asked but that it goes on.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, pending, ready};
use headwater::source::{Fetch, Page, ReadFrom, Record, Shard, Upstream};
use headwater::{Headers, Result, ShardId};
use tokio::time::{Instant, sleep_until};

/// A stream whose shards are all idle, or all bring a record a second.
#[derive(Debug)]
pub(super) struct Steady {
    shards: usize,
    busy: bool,
    began: Instant,
}

impl Steady {
    pub(super) fn new(shards: usize, busy: bool) -> Self {
        Self { shards, busy, began: Instant::now() }
    }
}

impl Upstream for Steady {
    fn stream(&self) -> &'static str {
        "steady"
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        let shard = |number| Shard { id: ShardId::new(format!("shard-{number:04}")), parents: Vec::new() };
        ready(Ok((0..self.shards).map(shard).collect())).boxed()
    }

    fn open(&self, _shard: &ShardId, _from: ReadFrom) -> Box<dyn Fetch> {
        Box::new(Seconds { busy: self.busy, began: self.began, is_new: true })
    }
}

/// The seconds since the stream began.
struct Seconds {
    busy: bool,
    began: Instant,
    /// The first page is empty, and tells that the tip is reached.
    is_new: bool,
}

impl Seconds {
    fn elapsed(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

impl Fetch for Seconds {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        if self.is_new {
            return ready(()).boxed();
        }
        if !self.busy {
            return pending().boxed();
        }
        sleep_until(self.began + Duration::from_secs(self.elapsed() + 1)).boxed()
    }

    fn largest(&self) -> usize {
        1
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        let mut page = Page { millis_behind_latest: Some(0), ..Page::default() };
        if !std::mem::take(&mut self.is_new) {
            page.bytes = 1;
            page.records.push(Record {
                payload: "1".into(),
                key: None,
                headers: Headers::new(),
                sequence: self.elapsed().to_string().into(),
                sub_sequence: None,
                completes: true,
                arrival: None,
            });
        }
        ready(Ok(page)).boxed()
    }
}
