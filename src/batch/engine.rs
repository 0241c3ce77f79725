//! The one task behind a sink: it packs, sends, settles and retries.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, timeout};
use tower::util::{BoxCloneService, ServiceExt};

use crate::batch::backlog::Backlog;
use crate::batch::framer::Framer;
use crate::batch::gate::{Gate, Orders, Settled};
use crate::batch::inbox::{Inbox, Wanted};
use crate::batch::request::Batch;
use crate::batch::response::BatchResponse;
use crate::batch::retry::Retries;
use crate::batch::settings::Settings;
use crate::batch::state::Phase;
use crate::batch::unsettled::Unsettled;
use crate::{Error, ErrorKind, Result};

/// The task behind a sink, which owns everything that was accepted and is not settled.
///
/// A poll is its list of steps: look in, wake what waited, send and settle until nothing moves, tell, sleep.
pub(super) struct Engine {
    pub(super) gate: Arc<Gate>,
    pub(super) settings: Settings,
    pub(super) backlog: Backlog,
    pub(super) retries: Retries,
    pub(super) settled: Settled,
    /// The requests in flight; as many places as were ever needed at once.
    pub(super) flights: Vec<Option<Flight>>,
    service: BoxCloneService<Batch, BatchResponse, Error>,
    answers: FuturesUnordered<BoxFuture<'static, (usize, Result<BatchResponse>)>>,
    pub(super) inbox: Inbox,
    timer: Pin<Box<Sleep>>,
    /// When the rest is handed back; set once the sink began to end.
    deadline: Option<Instant>,
    over: bool,
}

/// A request in flight.
pub(super) struct Flight {
    pub(super) batch: Batch,
    /// What the sink knows of each of its entries, in order.
    pub(super) unsettled: Vec<Unsettled>,
}

impl Engine {
    pub(super) fn new(
        gate: Arc<Gate>,
        settings: Settings,
        service: BoxCloneService<Batch, BatchResponse, Error>,
    ) -> Self {
        let framer = Framer::new(settings.frame_size, settings.frame_messages, settings.record_bytes);
        Self {
            backlog: Backlog::new(framer, settings.ordering, settings.linger),
            flights: Vec::new(),
            retries: Retries::default(),
            settled: Settled::default(),
            answers: FuturesUnordered::new(),
            inbox: Inbox::default(),
            timer: Box::pin(tokio::time::sleep_until(Instant::now())),
            deadline: None,
            over: false,
            gate,
            settings,
            service,
        }
    }

    /// Takes in what was accepted and asked since the last look.
    fn look_in(&mut self, now: Instant) -> Orders {
        let orders = self.gate.look_in(&mut self.inbox);
        if orders.forgiven {
            self.backlog.forgive();
        }
        if let Some(framing) = &orders.framing {
            self.backlog.set_framing(Arc::clone(framing));
        }
        let (since, accepted) = self.inbox.drain();
        let since = since.unwrap_or(now);
        for accepted in accepted {
            if let Some(refused) = self.backlog.push(accepted, since) {
                self.settled.hand_back_follower(Some(refused.message));
            }
        }
        if orders.phase != Phase::Open && self.deadline.is_none() {
            self.deadline = Some(now + self.settings.close_deadline);
        }
        orders
    }

    fn wake_retries(&mut self, now: Instant) {
        while let Some((until, waiting)) = self.retries.pop(now) {
            self.backlog.push_retry(waiting, until);
        }
    }

    /// Sends requests while one is due and may be in flight.
    fn send(&mut self, now: Instant, hurry: bool) {
        while let Some(slot) = self.free_slot()
            && let Some(due) = self.backlog.due()
        {
            let hurry = hurry || due <= now;
            if !(hurry || self.is_full()) {
                return;
            }
            if let Some(flight) = self.pack(now, hurry) {
                self.launch(slot, flight);
            } else if !hurry {
                return;
            }
        }
    }

    fn free_slot(&self) -> Option<usize> {
        let unused = (self.flights.len() < self.settings.max_in_flight).then_some(self.flights.len());
        self.flights.iter().position(Option::is_none).or(unused)
    }

    fn is_full(&self) -> bool {
        let (records, bytes) = self.backlog.sendable();
        records >= self.settings.batch_records || bytes >= self.settings.batch_bytes
    }

    /// Fills a request from the backlog; `None` where nothing may go.
    fn pack(&mut self, now: Instant, hurry: bool) -> Option<Flight> {
        let (mut entries, mut unsettled, mut bytes) = (Vec::new(), Vec::new(), 0);
        while entries.len() < self.settings.batch_records
            && let Some(mut waiting) = self.backlog.pop(now, hurry)
        {
            bytes += waiting.entry.bytes();
            // One entry alone always goes: a request limit below the record limit would hold it for ever.
            if bytes > self.settings.batch_bytes && !entries.is_empty() {
                self.backlog.unpop(waiting);
                break;
            }
            waiting.unsettled.attempts += 1;
            waiting.unsettled.first_attempt.get_or_insert(now);
            entries.push(waiting.entry);
            unsettled.push(waiting.unsettled);
        }
        (!entries.is_empty()).then(|| Flight { batch: Batch::new(entries), unsettled })
    }

    fn launch(&mut self, slot: usize, flight: Flight) {
        let answer = self.service.clone().oneshot(flight.batch.clone());
        let limit = self.settings.retry.time_to_live;
        let name = Arc::clone(&self.gate.name);
        self.answers.push(Box::pin(async move {
            // A layer that is never ready has no timeout of its own, and would hold its entries for ever.
            let answer = timeout(limit, answer).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Timeout, format!("put to \"{name}\": no answer within {limit:?}")))
            });
            (slot, answer)
        }));
        if slot == self.flights.len() {
            self.flights.push(None);
        }
        self.flights[slot] = Some(flight);
        self.gate.status.count_request();
    }

    /// Settles every answer that has come, each at once. Tells whether there was one.
    fn collect(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let mut any = false;
        while let Poll::Ready(Some((slot, answer))) = self.answers.poll_next_unpin(cx) {
            any = true;
            if let Some(flight) = self.flights[slot].take() {
                self.settle(flight, answer, Instant::now())?;
            }
        }
        Ok(any)
    }

    fn is_idle(&self) -> bool {
        self.backlog.due().is_none() && self.retries.is_empty() && self.flights.iter().all(Option::is_none)
    }

    /// Returns how much must come in for the next request to go.
    fn wanted(&self) -> Wanted {
        if self.free_slot().is_none() {
            return Wanted::NOTHING;
        }
        if self.backlog.due().is_none() {
            // The first message starts the linger.
            return Wanted::ANYTHING;
        }
        let (records, bytes) = self.backlog.sendable();
        let records = self.settings.batch_records.saturating_sub(records).max(1);
        let bytes = self.settings.batch_bytes.saturating_sub(bytes).max(1);
        match self.backlog.frame_size() {
            None => Wanted { records, bytes },
            Some(size) => Wanted {
                records: records.saturating_mul(self.settings.frame_messages),
                bytes: bytes.min(records.saturating_mul(size)),
            },
        }
    }

    /// Sleeps until the next linger, backoff or deadline is over.
    fn sleep(&mut self, cx: &mut Context<'_>) {
        let linger = self.free_slot().and_then(|_| self.backlog.due());
        let Some(next) = [linger, self.retries.next(), self.deadline].into_iter().flatten().min() else {
            return;
        };
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.gate.end(std::mem::take(&mut self.settled));
    }
}

impl Future for Engine {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let now = Instant::now();
        let orders = this.look_in(now);
        this.wake_retries(now);
        let is_late = this.deadline.is_some_and(|deadline| deadline <= now);
        loop {
            if !is_late {
                this.send(now, orders.hurry);
            }
            match this.collect(cx) {
                Ok(true) => {}
                Ok(false) => break,
                Err(fatal) => {
                    this.fail(fatal);
                    this.end();
                    return Poll::Ready(());
                }
            }
        }
        if is_late {
            this.give_up_the_rest();
        }
        if is_late || (orders.phase != Phase::Open && this.is_idle()) {
            this.end();
            return Poll::Ready(());
        }
        this.sleep(cx);
        let wanted = this.wanted();
        this.gate.settle(std::mem::take(&mut this.settled), wanted, cx);
        Poll::Pending
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The runtime stops, or the service panicked.
        if !self.over {
            self.stop();
            self.end();
        }
    }
}
