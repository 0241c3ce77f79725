//! The task that reads one leased shard.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::checkpoint::Checkpoint;
use crate::places::Place;
use crate::source::clock::Clock;
use crate::source::meters::Meters;
use crate::source::pages::budget::{ByteBudget, Charge, PATIENCE};
use crate::source::pages::event::{Event, Fetched, News};
use crate::source::pages::reading::{Behind, Reading};
use crate::source::pages::slices::spread;
use crate::source::{Control, Fetch, Gap, OnGap, Page, Shard, Upstream};
use crate::{Error, ErrorKind, Position, Result};

/// The first pause after a failed fetch or a dropped message. Each further one doubles, to [`LONGEST_BACKOFF`].
pub(in crate::source) const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest pause between two tries of a fetch.
pub(in crate::source) const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// How long a service may take until every part of it has heard of a shard. One that no listing has after so long has
/// expired.
const UNHEARD_OF: Duration = Duration::from_secs(30);

/// Reads a shard into the stream until it ends, fails for good, or is dropped.
pub(in crate::source) struct Reader {
    pub(in crate::source) upstream: Arc<dyn Upstream>,
    pub(in crate::source) fetch: Box<dyn Fetch>,
    pub(in crate::source) reading: Arc<Reading>,
    /// What is done already: records up to it are dropped from the first pages.
    pub(in crate::source) done: Option<Position>,
    /// The last record that was read, by an earlier start or this one.
    pub(in crate::source) last: Option<Checkpoint>,
    pub(in crate::source) events: mpsc::Sender<Event>,
    pub(in crate::source) control: Control,
    pub(in crate::source) budget: ByteBudget,
    pub(in crate::source) meters: Meters,
    /// Waited out before the first fetch.
    pub(in crate::source) pause: Duration,
    pub(in crate::source) clock: Clock,
    /// What arrived from then on is not read.
    pub(in crate::source) bound: Option<SystemTime>,
    pub(in crate::source) on_gap: OnGap,
    pub(in crate::source) outage_limit: Duration,
}

impl Reader {
    pub(in crate::source) async fn run(mut self) {
        if let Err(error) = self.read().await {
            self.control.fail(error);
        }
        self.reading.set_done();
    }

    async fn read(&mut self) -> Result<()> {
        sleep(self.pause).await;
        let mut told_tip = false;
        let mut missing_since = None;
        loop {
            let (mut page, charge) = match self.fetch_page().await {
                Ok(fetched) => fetched,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let since = *missing_since.get_or_insert_with(Instant::now);
                    let Some(children) = self.children_of_expired(error, since).await? else { continue };
                    self.note_gap(None)?;
                    self.send(News::End { children }).await;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            missing_since = None;
            let behind = Behind { millis: page.millis_behind_latest, at: Instant::now() };
            let at_tip = page.records.is_empty() && behind.millis.unwrap_or(0) == 0;
            if page.gap {
                self.note_gap(page.records.first().map(|first| (first.sequence.clone(), first.arrival)))?;
            }
            self.drop_what_is_done(&mut page);
            let cut = self.cut_at_bound(&mut page);
            if let Some(last) = page.records.last() {
                self.last = Some(Place::from(last).checkpoint());
            }
            if page.records.is_empty() {
                drop(charge);
                self.reading.fetched_nothing(behind);
            } else {
                self.meters.fetched(&page);
                self.budget.set_hungry(false);
                spread(charge, &mut page);
                self.reading.fetched(behind);
                if !self.send(News::Page(Fetched { records: page.records, behind })).await {
                    return Ok(());
                }
            }
            if let (Some(children), false) = (page.end, cut) {
                self.send(News::End { children }).await;
                return Ok(());
            }
            if cut || at_tip && self.bound.is_some_and(|bound| self.clock.now() >= bound) {
                self.send(News::Bound).await;
                return Ok(());
            }
            if at_tip && !told_tip {
                told_tip = true;
                if !self.send(News::Tip).await {
                    return Ok(());
                }
            }
        }
    }

    /// Returns the next page and its charge, once the failures that pass have passed.
    async fn fetch_page(&mut self) -> Result<(Page, Charge)> {
        let mut failing_since = None;
        let mut backoff = FIRST_BACKOFF;
        loop {
            let charge = self.room(&mut failing_since).await;
            match self.fetch.next().await {
                Ok(page) => return Ok((page, charge)),
                // A shard that backs off keeps no budget from the others.
                Err(error) => {
                    drop(charge);
                    self.wait_out(error, &mut failing_since, &mut backoff).await?;
                }
            }
        }
    }

    /// Waits until a page may be fetched and has room in the budget. A shard that is not due keeps nothing of it, and the
    /// time that others hold it up for is no part of an outage.
    async fn room(&mut self, failing_since: &mut Option<Instant>) -> Charge {
        let held_up = |failing_since: &mut Option<Instant>, begun: Instant| {
            *failing_since = failing_since.map(|since| since + begun.elapsed());
        };
        loop {
            if !self.reading.is_free() {
                let begun = Instant::now();
                self.fetch.park();
                self.reading.freed().await;
                held_up(failing_since, begun);
            }
            self.due().await;
            let begun = Instant::now();
            let Some(bytes) = self.fetch.arrived() else {
                let charge = self.budget.reserve(self.fetch.largest()).await;
                held_up(failing_since, begun);
                return charge;
            };
            if self.reading.is_free()
                && let Some(charge) = self.budget.admit(bytes).await
            {
                return charge;
            }
            self.fetch.park();
            drop(self.budget.reserve(bytes).await);
            held_up(failing_since, begun);
        }
    }

    /// Waits until the next fetch, which is at the bound at the latest.
    async fn due(&mut self) {
        match self.bound.and_then(|bound| bound.duration_since(self.clock.now()).ok()) {
            Some(left) => drop(timeout(left, self.fetch.due()).await),
            None => self.fetch.due().await,
        }
    }

    /// Backs off after a failure, or returns it where it is one that stays.
    async fn wait_out(
        &mut self,
        error: Error,
        failing_since: &mut Option<Instant>,
        backoff: &mut Duration,
    ) -> Result<()> {
        self.reading.fetch_failed();
        self.meters.failed(error.kind());
        let since = *failing_since.get_or_insert_with(Instant::now);
        if !error.is_retryable() || since.elapsed() >= self.outage_limit {
            return Err(error);
        }
        let (stream, shard) = (&self.reading.origin.stream, self.reading.shard());
        tracing::warn!(%stream, %shard, %error, "fetch failed; trying again");
        sleep(backoff.mul_f64(fastrand::f64())).await;
        *backoff = (*backoff * 2).min(LONGEST_BACKOFF);
        Ok(())
    }

    /// Finds out what it means that the service does not find the shard: the stream was deleted, which is an error;
    /// retention has removed the shard, which ends it, and its children are returned; or some part of the service has
    /// not heard of it yet, which passes.
    async fn children_of_expired(&mut self, missing: Error, since: Instant) -> Result<Option<Vec<Shard>>> {
        let (mut failing_since, mut backoff) = (None, FIRST_BACKOFF);
        let shards = loop {
            let failed = match timeout(self.outage_limit, self.upstream.shards()).await {
                Ok(Ok(shards)) => break shards,
                Ok(Err(error)) => error,
                Err(_) => Error::new(ErrorKind::Timeout, "list shards: no answer"),
            };
            self.wait_out(failed, &mut failing_since, &mut backoff).await?;
        };
        let shard = self.reading.shard();
        let is_listed = shards.iter().any(|listed| listed.id == *shard);
        let patience = if is_listed { self.outage_limit } else { UNHEARD_OF.min(self.outage_limit) };
        if since.elapsed() < patience {
            tracing::warn!(stream = %self.reading.origin.stream, %shard, error = %missing, "shard not found; trying again");
            self.reading.fetch_failed();
            sleep(UNHEARD_OF / 10).await;
            return Ok(None);
        }
        if is_listed {
            return Err(missing);
        }
        Ok(Some(shards.into_iter().filter(|child| child.parents.contains(shard)).collect()))
    }

    fn note_gap(&self, until: Option<(crate::SequenceNumber, Option<SystemTime>)>) -> Result<()> {
        let Some(after) = self.last.clone() else { return Ok(()) };
        let gap = Gap { shard: self.reading.shard().clone(), after, until };
        self.meters.gaps.increment(1);
        let stream = &self.reading.origin.stream;
        if self.on_gap == OnGap::Fail {
            let way_out =
                "records were removed before they were read; on_gap(Continue) reads on with what is left";
            return Err(Error::new(ErrorKind::Gap, format!("read \"{stream}\" {gap}")).caused_by(way_out));
        }
        tracing::warn!(%stream, %gap, "records were removed before they were read");
        self.control.add_gap(gap);
        Ok(())
    }

    fn drop_what_is_done(&mut self, page: &mut Page) {
        let Some(done) = &self.done else { return };
        page.records.retain(|record| record.position() > *done);
        // Sequence numbers only grow, so after the first record that is kept there is nothing left to look for.
        if !page.records.is_empty() {
            self.done = None;
        }
    }

    /// Drops what arrived too late to be read, and tells whether there was any.
    fn cut_at_bound(&self, page: &mut Page) -> bool {
        let Some(bound) = self.bound else { return false };
        let late = page.records.iter().position(|record| record.arrival.is_some_and(|at| at >= bound));
        late.map(|late| page.records.truncate(late)).is_some()
    }

    /// Sends to the stream; tells whether there still is one.
    async fn send(&mut self, news: News) -> bool {
        let mut permit = pin!(self.events.reserve());
        let permit = if let Ok(permit) = timeout(PATIENCE, &mut permit).await {
            permit
        } else {
            self.fetch.park();
            permit.await
        };
        let reading = Arc::clone(&self.reading);
        permit.map(|permit| permit.send(Event { reading, news })).is_ok()
    }
}
