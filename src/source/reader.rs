//! The task that reads one leased shard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::checkpoint::Tracker;
use crate::source::budget::{ByteBudget, Charge};
use crate::source::{Control, Fetch, Page, Shard, Until};
use crate::{OriginShard, Position, ShardId};

/// The first pause after a failed fetch or a dropped message. Each further one doubles, to [`LONGEST_BACKOFF`].
pub(super) const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest pause between two tries of a fetch.
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// What `behind` holds while nothing is known.
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

impl Event {
    pub(super) fn is_page(&self) -> bool {
        matches!(self, Self::Page { .. })
    }
}

/// One stretch of reading a shard: a claim, or a restart within it. What a revoked one has read is not handed out.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) origin: Arc<OriginShard>,
    pub(super) tracker: Tracker,
    behind: AtomicU64,
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
    /// Waited out before the first fetch.
    pub(super) pause: Duration,
    pub(super) until: Until,
    pub(super) outage_limit: Duration,
}

impl Reader {
    pub(super) async fn run(mut self) {
        self.read().await;
        self.reading.done.store(true, Ordering::Release);
    }

    async fn read(&mut self) {
        tokio::time::sleep(self.pause).await;
        let mut failing_since = None;
        let mut backoff = FIRST_BACKOFF;
        loop {
            // Neither a shard that is not due nor one that backs off keeps budget from the others.
            self.fetch.due().await;
            let reserved = self.budget.reserve(self.fetch.largest()).await;
            let mut page = match self.fetch.next().await {
                Ok(page) => page,
                Err(error) => {
                    drop(reserved);
                    let since = *failing_since.get_or_insert_with(Instant::now);
                    if !error.is_retryable() || since.elapsed() >= self.outage_limit {
                        return self.control.fail(error);
                    }
                    let (stream, shard) = (&self.reading.origin.stream, self.reading.shard());
                    tracing::warn!(%stream, %shard, %error, "fetch failed; trying again");
                    tokio::time::sleep(backoff.mul_f64(fastrand::f64())).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                    continue;
                }
            };
            (failing_since, backoff) = (None, FIRST_BACKOFF);
            self.reading.behind.store(page.millis_behind_latest.unwrap_or(UNKNOWN), Ordering::Relaxed);
            let at_tip = page.records.is_empty() && page.millis_behind_latest.unwrap_or(0) == 0;
            let end = page.end.take();
            self.drop_what_is_done(&mut page);
            let charge = reserved.correct(page.bytes);
            let reading = || Arc::clone(&self.reading);
            if !page.records.is_empty() {
                let event = Event::Page { reading: reading(), page, charge };
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            let last = match end {
                Some(children) => Event::End { reading: reading(), children },
                None if at_tip && self.until == Until::Tip => Event::Tip { reading: reading() },
                None => continue,
            };
            // Where the stream is gone nobody is left to tell.
            let _ = self.events.send(last).await;
            return;
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
}
