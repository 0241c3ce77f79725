//! A stream that goes wrong.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, pending, ready};

use crate::source::{Fetch, Page, ReadFrom, Record, Shard, Upstream};
use crate::{Error, ErrorKind, Headers, MemoryStream, Result, ShardId};

/// What a listing does that gives no shards.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unlisted {
    Fails(ErrorKind),
    Hangs,
}

type Listing = dyn Fn(usize) -> Option<Unlisted> + Send + Sync;
type Opening = dyn Fn(&ShardId, Box<dyn Fetch>) -> Box<dyn Fetch> + Send + Sync;

/// A memory stream whose listing or fetches go wrong.
pub(super) struct Odd {
    sound: MemoryStream,
    listings: AtomicUsize,
    listing: Box<Listing>,
    opening: Box<Opening>,
    outdated: Mutex<Option<Vec<Shard>>>,
    /// Listed at first, and then no more.
    expiring: Option<ShardId>,
}

impl Odd {
    pub(super) fn new(sound: &MemoryStream) -> Self {
        Self {
            sound: sound.clone(),
            listings: AtomicUsize::new(0),
            listing: Box::new(|_| None),
            opening: Box::new(|_, fetch| fetch),
            outdated: Mutex::new(None),
            expiring: None,
        }
    }

    /// Decides what each listing does, counted from 0.
    pub(super) fn listing(
        mut self,
        listing: impl Fn(usize) -> Option<Unlisted> + Send + Sync + 'static,
    ) -> Self {
        self.listing = Box::new(listing);
        self
    }

    /// Replaces the fetcher of each shard.
    pub(super) fn opening(
        mut self,
        opening: impl Fn(&ShardId, Box<dyn Fetch>) -> Box<dyn Fetch> + Send + Sync + 'static,
    ) -> Self {
        self.opening = Box::new(opening);
        self
    }

    /// Leaves a shard out of every listing but the first.
    pub(super) fn listing_without(mut self, shard: ShardId) -> Self {
        self.expiring = Some(shard);
        self
    }

    /// From now on listings show the shards of this moment.
    pub(super) async fn freeze_listing(&self) {
        let shards = Upstream::shards(&self.sound).await.unwrap();
        *self.outdated.lock().unwrap() = Some(shards);
    }

    /// From now on listings show what there is.
    pub(super) fn thaw_listing(&self) {
        *self.outdated.lock().unwrap() = None;
    }
}

impl Upstream for Odd {
    fn stream(&self) -> &str {
        self.sound.name()
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        let nth = self.listings.fetch_add(1, Ordering::SeqCst);
        if let Some(expiring) = self.expiring.as_ref().filter(|_| nth > 0) {
            let listed = Upstream::shards(&self.sound).now_or_never().expect("it is there").unwrap();
            let left = listed.into_iter().filter(|shard| shard.id != *expiring).collect();
            return ready(Ok(left)).boxed();
        }
        match (self.listing)(nth) {
            Some(Unlisted::Fails(kind)) => ready(Err(Error::new(kind, "list shards"))).boxed(),
            Some(Unlisted::Hangs) => pending().boxed(),
            None => match self.outdated.lock().unwrap().clone() {
                Some(outdated) => ready(Ok(outdated)).boxed(),
                None => Upstream::shards(&self.sound),
            },
        }
    }

    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
        (self.opening)(shard, Upstream::open(&self.sound, shard, from))
    }
}

impl fmt::Debug for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Odd")
    }
}

/// A fetcher whose last page names no children.
pub(super) struct Nameless(pub(super) Box<dyn Fetch>);

impl Fetch for Nameless {
    fn largest(&self) -> usize {
        0
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.0.due()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async {
            let page = self.0.next().await?;
            Ok(Page { end: page.end.map(|_| Vec::new()), ..page })
        }
        .boxed()
    }
}

/// A fetcher with a bug.
pub(super) struct Panicking;

impl Fetch for Panicking {
    fn largest(&self) -> usize {
        0
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async { panic!("a bug in a connector") }.boxed()
    }
}

/// A fetcher whose pages hold one record each.
pub(super) struct Singles {
    fetch: Box<dyn Fetch>,
    queue: VecDeque<Record>,
    /// What else came with the page that the queue is of.
    page: Page,
}

impl Singles {
    pub(super) fn boxed(fetch: Box<dyn Fetch>) -> Box<dyn Fetch> {
        Box::new(Self { fetch, queue: VecDeque::new(), page: Page::default() })
    }
}

impl Fetch for Singles {
    fn largest(&self) -> usize {
        self.queue.front().map_or(0, |record| record.payload.len())
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        if self.queue.is_empty() { self.fetch.due() } else { ready(()).boxed() }
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async {
            if self.queue.is_empty() {
                self.page = self.fetch.next().await?;
                self.queue.extend(std::mem::take(&mut self.page.records));
            }
            let records: Vec<_> = self.queue.pop_front().into_iter().collect();
            let bytes = records.iter().map(|record| record.payload.len()).sum();
            let gap = std::mem::take(&mut self.page.gap);
            if self.queue.is_empty() {
                return Ok(Page { records, bytes, gap, ..std::mem::take(&mut self.page) });
            }
            Ok(Page { records, bytes, gap, millis_behind_latest: Some(1), ..Page::default() })
        }
        .boxed()
    }
}

/// A fetcher that is told to slow down, whatever it does.
pub(super) struct Throttled;

impl Fetch for Throttled {
    fn largest(&self) -> usize {
        0
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        ready(Err(Error::new(ErrorKind::Throttled, "fetch"))).boxed()
    }
}

/// A fetcher that finds nothing, a second at a time.
pub(super) struct Idle;

impl Fetch for Idle {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        tokio::time::sleep(Duration::from_secs(1)).boxed()
    }

    fn largest(&self) -> usize {
        0
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        ready(Ok(Page { millis_behind_latest: Some(0), ..Page::default() })).boxed()
    }
}

/// A fetcher that finds one more record each millisecond, and counts its pages.
pub(super) struct Endless(pub(super) Arc<AtomicUsize>);

impl Fetch for Endless {
    fn largest(&self) -> usize {
        0
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let fetched = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            let record = Record {
                payload: Bytes::from_static(b"x"),
                key: None,
                headers: Headers::new(),
                sequence: fetched.to_string().into(),
                sub_sequence: None,
                completes: true,
                arrival: None,
            };
            Ok(Page { records: vec![record], bytes: 1, millis_behind_latest: Some(1), ..Page::default() })
        }
        .boxed()
    }
}

/// A fetcher whose records arrived an hour later.
pub(super) struct Dated(Box<dyn Fetch>);

impl Dated {
    pub(super) fn from_now(fetch: Box<dyn Fetch>) -> Self {
        Self(fetch)
    }
}

impl Fetch for Dated {
    fn largest(&self) -> usize {
        self.0.largest()
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.0.due()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        async {
            let mut page = self.0.next().await?;
            for record in &mut page.records {
                record.arrival = record.arrival.map(|arrival| arrival + Duration::from_hours(1));
            }
            Ok(page)
        }
        .boxed()
    }
}

/// A fetcher of a shard that the service does not know.
pub(super) struct Missing;

impl Fetch for Missing {
    fn largest(&self) -> usize {
        0
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        ready(Err(Error::new(ErrorKind::NotFound, "fetch"))).boxed()
    }
}

/// A fetcher that is pushed a record at a time, and counts how often it is parked.
pub(super) struct Pushing {
    fetch: Box<dyn Fetch>,
    queue: VecDeque<Record>,
    arrived: Option<Record>,
    parked: Arc<AtomicUsize>,
}

impl Pushing {
    pub(super) fn boxed(fetch: Box<dyn Fetch>, parked: &Arc<AtomicUsize>) -> Box<dyn Fetch> {
        let parked = Arc::clone(parked);
        Box::new(Self { fetch, queue: VecDeque::new(), arrived: None, parked })
    }
}

impl Fetch for Pushing {
    fn largest(&self) -> usize {
        0
    }

    fn arrived(&self) -> Option<usize> {
        self.arrived.as_ref().map(|record| record.payload.len())
    }

    fn park(&mut self) {
        self.parked.fetch_add(1, Ordering::SeqCst);
        self.queue.extend(self.arrived.take());
        self.queue.rotate_right(1);
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        async {
            while self.queue.is_empty() {
                self.fetch.due().await;
                self.queue.extend(self.fetch.next().await.unwrap().records);
            }
            self.arrived = self.queue.pop_front();
        }
        .boxed()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        let record = self.arrived.take().expect("it was due");
        let bytes = record.payload.len();
        ready(Ok(Page { records: vec![record], bytes, millis_behind_latest: Some(1), ..Page::default() }))
            .boxed()
    }
}

/// A fetcher of a shard that the service does not know for its first seconds.
pub(super) struct Late(pub(super) tokio::time::Instant, pub(super) Box<dyn Fetch>);

impl Fetch for Late {
    fn largest(&self) -> usize {
        self.1.largest()
    }

    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.1.due()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        if self.0.elapsed() < Duration::from_secs(10) {
            return ready(Err(Error::new(ErrorKind::NotFound, "fetch"))).boxed();
        }
        self.1.next()
    }
}
