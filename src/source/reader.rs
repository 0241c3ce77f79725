//! The task that reads one leased shard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::checkpoint::{InFlight, Tracker};
use crate::source::budget::{ByteBudget, Charge};
use crate::source::{Control, Fetch, Page, Shard, Until};
use crate::{Error, OriginShard, Position, ShardId};

/// The first pause after a failed fetch. Each further one doubles, to [`LONGEST_BACKOFF`], with full jitter.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest pause between two tries of a fetch.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// In [`Behind`]: nothing is known yet.
const UNKNOWN: u64 = u64::MAX;

/// What a reader sends to the stream, in the order of its shard.
pub(super) enum Event {
    /// Records to hand out.
    Page { reading: Arc<Reading>, page: Page, charge: Charge },
    /// The shard has no more records.
    End { reading: Arc<Reading>, children: Vec<Shard> },
    /// The shard was read as far as was asked for.
    Tip { reading: Arc<Reading> },
}

/// One stretch of reading a shard: a claim, or a restart within it. What a revoked one has read is not handed out.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) origin: Arc<OriginShard>,
    pub(super) tracker: Tracker,
    behind: AtomicU64,
    /// Set once the first page has come, so once there is a place to read from.
    placed: AtomicBool,
    /// Set when the task ends in any way but a panic.
    done: AtomicBool,
    /// Set once the stream has taken in everything up to the tip.
    tip: AtomicBool,
    /// Set, to the children that the service named, once the stream has taken in the last page.
    children: OnceLock<Vec<Shard>>,
}

impl Reading {
    pub(super) fn new(origin: Arc<OriginShard>, tracker: Tracker) -> Self {
        Self {
            origin,
            tracker,
            behind: AtomicU64::new(UNKNOWN),
            placed: AtomicBool::new(false),
            done: AtomicBool::new(false),
            tip: AtomicBool::new(false),
            children: OnceLock::new(),
        }
    }

    /// The stream has taken in the last page of a closed shard.
    pub(super) fn end(&self, children: Vec<Shard>) {
        self.tracker.finish();
        let _ = self.children.set(children);
    }

    /// Returns the children of a shard whose last page was taken in.
    pub(super) fn children(&self) -> Option<&[Shard]> {
        self.children.get().map(Vec::as_slice)
    }

    pub(super) fn reach_tip(&self) {
        self.tip.store(true, Ordering::Release);
    }

    pub(super) fn is_at_tip(&self) -> bool {
        self.tip.load(Ordering::Acquire)
    }

    /// Tells whether everything asked for was read.
    pub(super) fn is_read(&self) -> bool {
        self.is_at_tip() || self.children().is_some()
    }

    /// Tells whether the reader never said that it was done: its last word may still wait in the channel.
    pub(super) fn is_silent(&self) -> bool {
        !self.done.load(Ordering::Acquire)
    }

    pub(super) fn is_placed(&self) -> bool {
        self.placed.load(Ordering::Acquire)
    }

    pub(super) fn shard(&self) -> &ShardId {
        &self.origin.shard
    }

    /// Returns the `MillisBehindLatest` of the last page, once one was fetched.
    pub(super) fn millis_behind_latest(&self) -> Option<u64> {
        Some(self.behind.load(Ordering::Relaxed)).filter(|&behind| behind != UNKNOWN)
    }
}

/// Reads a shard into the stream until it ends, fails for good, or is dropped.
pub(super) struct Reader {
    pub(super) fetch: Box<dyn Fetch>,
    pub(super) reading: Arc<Reading>,
    /// What is done already: records up to it are dropped from the first pages.
    pub(super) done: Option<Position>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) control: Control,
    pub(super) budget: ByteBudget,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) until: Until,
    pub(super) outage_limit: Duration,
}

impl Reader {
    pub(super) async fn run(mut self) {
        self.read().await;
        self.reading.done.store(true, Ordering::Release);
    }

    async fn read(&mut self) {
        loop {
            let reserved = self.budget.reserve().await;
            let mut page = match self.fetch().await {
                Ok(page) => page,
                Err(error) => return self.control.fail(error),
            };
            if !self.reading.placed.swap(true, Ordering::AcqRel) {
                self.in_flight.call_attention();
            }
            self.reading.behind.store(page.millis_behind_latest.unwrap_or(UNKNOWN), Ordering::Relaxed);
            let at_tip = page.records.is_empty() && page.millis_behind_latest == Some(0);
            let end = page.end.take();
            self.drop_what_is_done(&mut page);
            let charge = reserved.correct(page.bytes);
            if !page.records.is_empty() {
                self.send(Event::Page { reading: Arc::clone(&self.reading), page, charge }).await;
            }
            if let Some(children) = end {
                return self.send(Event::End { reading: Arc::clone(&self.reading), children }).await;
            }
            if at_tip && self.until == Until::Tip {
                return self.send(Event::Tip { reading: Arc::clone(&self.reading) }).await;
            }
        }
    }

    /// Fetches a page, over retryable failures, for as long as `outage_limit` allows.
    async fn fetch(&mut self) -> Result<Page, Error> {
        let mut failing_since = None;
        let mut backoff = FIRST_BACKOFF;
        loop {
            let error = match self.fetch.next().await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let since = *failing_since.get_or_insert_with(Instant::now);
            if !error.is_retryable() || since.elapsed() >= self.outage_limit {
                return Err(error);
            }
            tracing::warn!(
                stream = %self.reading.origin.stream,
                shard = %self.reading.shard(),
                %error,
                "fetch failed; trying again"
            );
            tokio::time::sleep(backoff.mul_f64(fastrand::f64())).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
    }

    fn drop_what_is_done(&mut self, page: &mut Page) {
        let Some(done) = &self.done else { return };
        page.records.retain(|record| record.position() > *done);
        // Sequence numbers only grow, so after the first record that is kept there is nothing left to look for.
        if !page.records.is_empty() {
            self.done = None;
        }
    }

    async fn send(&mut self, event: Event) {
        // The stream is gone: nobody is left to tell, and the coordinator ends this task.
        let _ = self.events.send(event).await;
    }
}
