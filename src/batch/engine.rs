//! The one task behind a sink: it packs, sends, settles and retries.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep};
use tower::util::{BoxCloneService, ServiceExt};
use tracing::Instrument;

use crate::batch::dead_letters::DeadLetters;
use crate::batch::handles::gate::{Gate, Orders};
use crate::batch::handles::inbox::{Inbox, Wanted};
use crate::batch::handles::state::Phase;
use crate::batch::in_time::in_time;
use crate::batch::lanes::backlog::{Backlog, Rules};
use crate::batch::lanes::grants::Grants;
use crate::batch::lanes::map::{LaneId, ShardMap};
use crate::batch::lanes::outlook::Outlook;
use crate::batch::lanes::pack::{Packed, Room};
use crate::batch::lanes::queue::{FrameSize, Patience};
use crate::batch::lanes::unsettled::Unsettled;
use crate::batch::meters::Meters;
use crate::batch::refresh::Refresh;
use crate::batch::request::Batch;
use crate::batch::response::BatchResponse;
use crate::batch::retry::{Retries, RetryBudget};
use crate::batch::settings::Settings;
use crate::batch::settled::Settled;
use crate::batch::suspects::Suspects;
use crate::batch::{Flushed, Routing, SharedLimit};
use crate::{Error, Result};

/// The task behind a sink, which owns everything that was accepted and is not settled.
///
/// A poll is its list of steps: look in, wake what waited, send and settle until nothing moves, tell, sleep.
pub(super) struct Engine {
    pub(super) gate: Arc<Gate>,
    pub(super) settings: Settings,
    pub(super) backlog: Backlog,
    pub(super) retries: Retries,
    pub(super) budget: RetryBudget,
    pub(super) refresh: Refresh,
    pub(super) suspects: Suspects,
    grants: Option<Grants>,
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) settled: Settled,
    pub(super) meters: Arc<Meters>,
    pub(super) on_flush: Option<OnFlush>,
    /// The requests in flight; as many places as were ever needed at once.
    pub(super) flights: Vec<Option<Flight>>,
    /// The request that is being packed.
    pub(super) packed: Packed,
    /// What could go next, as it was seen last, while a request more may be in flight.
    outlook: Outlook,
    service: BoxCloneService<Batch, BatchResponse, Error>,
    answers: FuturesUnordered<BoxFuture<'static, (usize, Result<BatchResponse>)>>,
    pub(super) inbox: Inbox,
    timer: Pin<Box<Sleep>>,
    /// When the rest is handed back; set once the sink began to end.
    deadline: Option<Instant>,
    /// Nothing is sent any more; only dead letters may be on their way.
    spent: bool,
    over: bool,
}

/// A request in flight.
pub(super) struct Flight {
    pub(super) batch: Batch,
    /// What the sink knows of each of its entries, in order; those that are settled are gone.
    pub(super) unsettled: vec::IntoIter<Unsettled>,
    /// The lanes that they go by, each once.
    pub(super) lanes: Vec<LaneId>,
    pub(super) sent: Instant,
}

/// What an engine works with, besides its settings.
pub(super) struct Parts {
    pub(super) service: BoxCloneService<Batch, BatchResponse, Error>,
    pub(super) routing: Option<(Arc<dyn Routing>, ShardMap)>,
    pub(super) dead_letters: Option<DeadLetters>,
    pub(super) on_flush: Option<OnFlush>,
    pub(super) shared_limit: Option<Arc<dyn SharedLimit>>,
}

/// What is told of each request.
pub(super) type OnFlush = Arc<dyn Fn(&Flushed) + Send + Sync>;

impl Engine {
    pub(super) fn new(gate: Arc<Gate>, settings: Settings, parts: Parts) -> Self {
        let Parts { service, routing, dead_letters, on_flush, shared_limit } = parts;
        let meters = Arc::new(Meters::new(&gate.name));
        let now = Instant::now();
        let rules = Rules {
            ordering: settings.ordering,
            lane_limit: settings.lane_limit,
            shared_limit: shared_limit.is_some(),
            max_in_flight: settings.max_in_flight,
        };
        let size = FrameSize { bytes: settings.record_bytes, messages: settings.frame_messages };
        let asked = routing.as_ref().map(|(routing, _)| Arc::clone(routing));
        Self {
            backlog: Backlog::new(rules, size, settings.record_bytes, routing, Arc::clone(&meters), now),
            flights: Vec::new(),
            packed: Packed::default(),
            outlook: Outlook::default(),
            retries: Retries::default(),
            budget: RetryBudget::new(settings.batch_records, now),
            refresh: Refresh::new(asked, settings.refresh_every, now),
            suspects: Suspects::default(),
            grants: shared_limit.map(|limit| Grants::new(limit, Arc::clone(&gate.name))),
            dead_letters,
            settled: Settled::default(),
            meters,
            on_flush,
            answers: FuturesUnordered::new(),
            inbox: Inbox::default(),
            timer: Box::pin(tokio::time::sleep_until(now)),
            deadline: None,
            spent: false,
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
            let frame_size = self.settings.frame_size(&**framing);
            self.backlog.set_framing(Arc::clone(framing), frame_size);
        }
        let (since, count) = self.inbox.open();
        let since = since.unwrap_or(now);
        self.meters.accepted.increment(count as u64);
        while let Some(accepted) = self.inbox.pop() {
            if self.spent {
                self.hand_back_late(accepted);
            } else if let Some(refused) = self.backlog.push(accepted, since) {
                self.hand_back_follower(Some(refused));
            }
        }
        self.backlog.forgive_told();
        if orders.phase != Phase::Open && self.deadline.is_none() {
            self.deadline = Some(now + self.settings.close_deadline);
        }
        orders
    }

    fn wake_retries(&mut self, now: Instant) {
        while let Some(waiting) = self.retries.pop(now) {
            self.backlog.push_retry(waiting);
        }
    }

    fn ask_for_shards(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Some((listing, listed)) = self.refresh.poll(cx, now) {
            self.learn(listing, listed, now);
        }
    }

    /// Sends requests while one is due and may be in flight.
    fn send(&mut self, patience: Patience) {
        let room = Room { records: self.settings.batch_records, bytes: self.settings.batch_bytes };
        while let Some(slot) = self.free_slot() {
            self.outlook = self.backlog.outlook(patience, room);
            if !self.outlook.is_worth_a_request(room, patience.now) {
                break;
            }
            if !self.backlog.pack(patience, room, &mut self.packed) {
                // What seemed due was stale, or no lane may take it yet. A look that ends where there is enough for a
                // request would go by the first of these lanes, and not by the one that may go first.
                self.outlook = self.backlog.outlook(patience, Room::ENDLESS);
                break;
            }
            self.launch(slot, patience.now);
        }
    }

    fn free_slot(&self) -> Option<usize> {
        let unused = (self.flights.len() < self.settings.max_in_flight).then_some(self.flights.len());
        self.flights.iter().position(Option::is_none).or(unused)
    }

    fn launch(&mut self, slot: usize, now: Instant) {
        let Packed { entries, unsettled, lanes, .. } = &mut self.packed;
        let batch = Batch::new(mem::take(entries));
        let unsettled = mem::take(unsettled).into_iter();
        let flight = Flight { batch: batch.clone(), unsettled, lanes: mem::take(lanes), sent: now };
        // Before anything of the user's is called, which may panic.
        if slot == self.flights.len() {
            self.flights.push(None);
        }
        self.flights[slot] = Some(flight);
        let (records, bytes) = (batch.records(), batch.bytes());
        let span = tracing::debug_span!("put", sink = &*self.gate.name, records, bytes);
        let answer = self.service.clone().oneshot(batch);
        let limit = self.settings.retry.time_to_live;
        let name = Arc::clone(&self.gate.name);
        self.answers.push(Box::pin(
            async move {
                // A layer that is never ready has no timeout of its own, and would hold its entries for ever.
                (slot, in_time(limit, || format!("put to \"{name}\""), answer).await)
            }
            .instrument(span),
        ));
        self.meters.in_flight.increment(1.0);
        self.gate.status.count_request();
    }

    /// Settles every answer that has come, each at once. Tells whether there was one.
    fn collect(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let mut any = false;
        while let Poll::Ready(Some((slot, answer))) = self.answers.poll_next_unpin(cx) {
            any = true;
            self.meters.in_flight.decrement(1.0);
            self.settle(slot, answer, Instant::now())?;
        }
        Ok(any)
    }

    fn is_idle(&self) -> bool {
        self.backlog.is_empty()
            && self.retries.is_empty()
            && self.suspects.is_empty()
            && self.flights.iter().all(Option::is_none)
    }

    /// Returns how much must come in for the next request to go.
    fn wanted(&self, patience: Patience) -> Wanted {
        if self.free_slot().is_none() || self.spent {
            return Wanted::NOTHING;
        }
        let soon = patience.now + patience.linger;
        if !self.outlook.is_due(soon) {
            // The first message starts the linger.
            return Wanted::ANYTHING;
        }
        let records = self.settings.batch_records.saturating_sub(self.outlook.records).max(1);
        let bytes = self.settings.batch_bytes.saturating_sub(self.outlook.bytes).max(1);
        match self.backlog.frame_size() {
            None => Wanted { records, bytes },
            Some(size) => Wanted {
                records: records.saturating_mul(size.messages),
                bytes: bytes.min(records.saturating_mul(size.bytes)),
            },
        }
    }

    /// Sleeps until the next linger, backoff, listing or deadline is over.
    fn sleep(&mut self, cx: &mut Context<'_>) {
        let wakes = if self.spent {
            // Only dead letters are on their way, which wake by themselves.
            [self.deadline, None, None, None]
        } else {
            let due = if self.free_slot().is_some() { self.outlook.due } else { None };
            [self.deadline, due, self.retries.next(), self.refresh.next()]
        };
        let Some(next) = wakes.into_iter().flatten().min() else { return };
        if self.timer.deadline() != next {
            self.timer.as_mut().reset(next);
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    /// Sends and settles until nothing moves.
    fn work(&mut self, patience: Patience, cx: &mut Context<'_>) {
        loop {
            if let Some(grants) = &mut self.grants {
                grants.poll(&mut self.backlog, cx, patience.now);
            }
            self.send(patience);
            match self.collect(cx) {
                Ok(true) => {}
                Ok(false) => return,
                Err(fatal) => {
                    self.fail(fatal);
                    self.spend();
                    return;
                }
            }
        }
    }

    /// Sends no more.
    fn spend(&mut self) {
        self.spent = true;
        self.meters.in_flight.decrement(self.answers.len() as f64);
        self.answers = FuturesUnordered::new();
        let deadline = Instant::now() + self.settings.close_deadline;
        self.deadline.get_or_insert(deadline);
        self.gate.refuse_more();
    }

    /// Drives the dead letters; closes them once nothing else is left. Tells whether all of them are buried.
    fn bury(&mut self, cx: &mut Context<'_>, is_late: bool) -> bool {
        let Some(dead_letters) = &mut self.dead_letters else { return true };
        let (done, buried) = if is_late && self.spent {
            (true, dead_letters.give_up())
        } else if self.spent {
            let (closed, buried) = dead_letters.poll_close(cx);
            (closed.is_ready(), buried)
        } else {
            (true, dead_letters.drive(cx))
        };
        self.settled.bury(buried);
        done
    }

    fn end(&mut self) {
        self.over = true;
        self.meters.settled(self.settled.stored, self.settled.failed);
        self.gate.end(mem::take(&mut self.settled));
    }
}

impl Future for Engine {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(test)]
        super::tests::count_poll();
        let this = self.get_mut();
        let now = Instant::now();
        let orders = this.look_in(now);
        let patience = Patience { linger: this.settings.linger, now, hurry: orders.hurry };
        let is_late = this.deadline.is_some_and(|deadline| deadline <= now);
        if !this.spent {
            this.wake_retries(now);
            this.ask_for_shards(cx, now);
            if is_late {
                this.give_up_the_rest();
                this.spend();
            } else {
                this.work(patience, cx);
            }
        }
        if orders.phase != Phase::Open && !this.spent && this.is_idle() {
            this.spend();
        }
        let buried = this.bury(cx, is_late);
        if this.spent && buried {
            this.end();
            return Poll::Ready(());
        }
        this.sleep(cx);
        let wanted = this.wanted(patience);
        this.meters.settled(this.settled.stored, this.settled.failed);
        let forgiven = this.gate.settle(mem::take(&mut this.settled), wanted, cx);
        this.backlog.told_of_failures(forgiven);
        Poll::Pending
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The runtime stops, or the service panicked.
        if !self.over {
            self.stop();
            if let Some(dead_letters) = &mut self.dead_letters {
                self.settled.bury(dead_letters.give_up());
            }
            self.end();
        }
    }
}
