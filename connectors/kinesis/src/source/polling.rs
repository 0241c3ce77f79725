//! Reads one shard by GetRecords, at a pace that the shard allows.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, Page, ReadFrom};
use headwater::{Error, ErrorKind, Result, ShardId};
use tokio::time::{Instant, sleep_until};

use crate::api::{Api, GetRecordsAnswer};
use crate::limits;
use crate::source::Deaggregation;
use crate::source::cursor::Cursor;
use crate::source::meters::Meters;
use crate::source::pace::{Pace, PaceSettings};
use crate::source::page::Pages;
use crate::source::ranges::ShardRanges;
use crate::wire::Answer;

/// The least that is reserved for a page.
const LEAST_PAGE: usize = 64 << 10;
/// How the first calls of many shards are spread: a fresh connection for each at once would be a storm.
const FIRST_CALLS_PER_SECOND: f64 = 2_500.0;
/// The longest that the first call of a shard waits for those of others.
const LONGEST_SPREAD: Duration = Duration::from_secs(1);

/// How the shards of a stream are polled.
#[derive(Debug)]
pub(super) struct Polling {
    pub(super) api: Arc<Api>,
    pub(super) meters: Arc<Meters>,
    /// The most records a call.
    pub(super) record_limit: u32,
    pub(super) pace: PaceSettings,
    pub(super) deaggregation: Deaggregation,
    pub(super) ranges: ShardRanges,
    /// The most bytes of one record, as it was when the source connected.
    pub(super) max_record: usize,
    /// How many shards were open then.
    pub(super) open_shards: u32,
    /// Whether the first call of a shard asks for one record. Nothing is known of a shard before it, so that it takes the
    /// whole of an answer out of the budget; where the budget has no room for that many, most shards would wait for
    /// seconds to be told that they are at their tip.
    pub(super) probes: bool,
}

impl Polling {
    /// Returns when a shard that is opened now may be called first.
    fn first_call(&self) -> Instant {
        let spread = Duration::from_secs_f64(f64::from(self.open_shards) / FIRST_CALLS_PER_SECOND);
        Instant::now() + spread.min(LONGEST_SPREAD).mul_f64(fastrand::f64())
    }

    /// Returns the most bytes of a page. Of a shard that was read to its tip a while ago it is what its writers may
    /// have put since, and the burst of one record; it would hold hundreds of idle shards back if each of their calls
    /// took the whole of an answer out of the budget. An endpoint without read limits has no write limits either.
    pub(super) fn largest(&self, record_limit: u32, since_tip: Option<Duration>) -> usize {
        let page = limits::GET_BYTES.min((record_limit as usize).saturating_mul(self.max_record));
        let Some(since) = since_tip.filter(|_| self.pace.interval.is_some()) else { return page };
        let written = limits::SHARD_BYTES_PER_SECOND as f64 * since.as_secs_f64();
        (written as usize).saturating_add(self.max_record).max(LEAST_PAGE).min(page)
    }
}

pub(super) struct PollingFetch {
    polling: Arc<Polling>,
    shard: ShardId,
    cursor: Cursor,
    pages: Pages,
    iterator: Option<String>,
    pace: Pace,
    /// When the tip was last read, while nothing later was found to be missing.
    tip: Option<Instant>,
    /// Whether a page has come.
    is_known: bool,
    /// How many records the last one had: the next will have about as many.
    last_count: usize,
}

impl PollingFetch {
    pub(super) fn new(polling: Arc<Polling>, shard: ShardId, from: ReadFrom) -> Self {
        let pace = Pace::new(polling.pace, polling.first_call());
        let stream = polling.api.stream.clone();
        let pages = Pages::new(stream, shard.clone(), polling.deaggregation, polling.ranges.clone());
        Self {
            polling,
            shard,
            cursor: Cursor::new(from),
            pages,
            iterator: None,
            pace,
            tip: None,
            is_known: false,
            last_count: 0,
        }
    }

    pub(super) fn next_call(&self) -> Instant {
        self.pace.next_call()
    }

    /// Forgets its iterator, and hands out where it stands for another way to go on from there.
    pub(super) fn hand_over(&mut self) -> &mut Cursor {
        self.iterator = None;
        &mut self.cursor
    }

    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    fn record_limit(&self) -> u32 {
        if self.polling.probes && !self.is_known { 1 } else { self.polling.record_limit }
    }

    async fn fetch(&mut self) -> Result<Page> {
        let page = self.page().await;
        if let Err(error) = &page
            && error.kind() == ErrorKind::Throttled
        {
            // The engine backs off too: whichever of both times is later is when the next call is made.
            self.pace.throttle(Instant::now());
            self.polling.meters.throttled(&self.shard);
        }
        page
    }

    async fn page(&mut self) -> Result<Page> {
        if let Some(page) = self.get_records().await? {
            return Ok(page);
        }
        // An iterator lives for five minutes: one that was just handed out and has expired is no matter of time.
        match self.get_records().await? {
            Some(page) => Ok(page),
            None => Err(Error::new(
                ErrorKind::Unavailable,
                self.polling.api.context(&format!("get records from {} of", self.shard)),
            )
            .caused_by("a new iterator had expired")),
        }
    }

    /// Makes one call, and one more where an iterator is wanted. `None` where the iterator has expired.
    async fn get_records(&mut self) -> Result<Option<Page>> {
        sleep_until(self.pace.next_call()).await;
        let called = Instant::now();
        self.pace.begin(called);
        let record_limit = self.record_limit();
        let Polling { api, meters, .. } = &*self.polling;
        let iterator = if let Some(iterator) = &self.iterator {
            iterator
        } else {
            let from = self.cursor.start();
            let call = api.get_shard_iterator(&self.shard, &from);
            let iterator = meters.get_shard_iterator.make(Some(&self.shard), call).await?;
            self.cursor.reopened();
            self.iterator.insert(iterator)
        };
        let call = api.get_records(&self.shard, iterator, record_limit, self.last_count);
        match meters.get_records.make(Some(&self.shard), call).await? {
            GetRecordsAnswer::Page(answer) => Ok(Some(self.take(called, answer))),
            GetRecordsAnswer::Expired => {
                tracing::info!(stream = api.stream.name(), shard = %self.shard, "iterator expired");
                meters.expired_iterators.increment(1);
                self.iterator = None;
                Ok(None)
            }
        }
    }

    /// Moves past a page. Nothing awaits from the answer to here, so a page is returned or fetched again.
    fn take(&mut self, called: Instant, mut answer: Answer) -> Page {
        let behind = answer.millis_behind_latest;
        self.iterator = answer.iterator.take();
        self.last_count = answer.records.len();
        let page = self.pass(called, answer, self.iterator.is_none());
        self.pace.read(called, page.records.len(), page.bytes, behind.unwrap_or(0) == 0);
        page
    }

    /// Moves past an answer, whichever way it came: what was written until `read` is in it.
    pub(super) fn pass(&mut self, read: Instant, mut answer: Answer, is_last: bool) -> Page {
        let is_empty = answer.records.is_empty();
        let gap = self.cursor.pass(&mut answer.records);
        // A page that is empty without lag is taken for the tip, and some servers never tell of any.
        if !is_empty && answer.records.is_empty() {
            answer.millis_behind_latest = answer.millis_behind_latest.map(|behind| behind.max(1));
        }
        self.is_known = true;
        self.tip = (answer.millis_behind_latest == Some(0)).then_some(read);
        Page { gap, ..self.pages.page(answer, is_last) }
    }
}

impl Fetch for PollingFetch {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        sleep_until(self.pace.next_call()).boxed()
    }

    fn largest(&self) -> usize {
        self.polling.largest(self.record_limit(), self.tip.map(|tip| tip.elapsed()))
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        self.fetch().boxed()
    }
}
