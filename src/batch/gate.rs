//! What passes between the handle, which accepts messages, and the engine, which settles them.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::batch::BatchStatus;
use crate::batch::inbox::{Inbox, Wanted};
use crate::batch::state::{Phase, State, keep, wake};
use crate::batch::unsettled::Accepted;
use crate::codec::Framing;
use crate::{Delivery, Error, ErrorKind, Result, Undelivered};

/// The state that the handle and the engine share, behind a lock that is held for a few moves of memory only.
pub(super) struct Gate {
    pub(super) name: Arc<str>,
    pub(super) status: BatchStatus,
    max_queue: usize,
    max_queue_bytes: usize,
    state: Mutex<State>,
}

/// What the engine is told when it looks in.
pub(super) struct Orders {
    pub(super) phase: Phase,
    /// No entry may linger.
    pub(super) hurry: bool,
    pub(super) forgiven: bool,
    pub(super) framing: Option<Arc<dyn Framing>>,
}

/// What the engine has settled since it last told.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) returned: Vec<Undelivered>,
    pub(super) fatal: Option<Error>,
    /// The engine ends.
    pub(super) over: bool,
}

impl Gate {
    pub(super) fn new(name: Arc<str>, max_queue: usize, max_queue_bytes: usize) -> Self {
        let status = BatchStatus::default();
        Self { name, status, max_queue, max_queue_bytes, state: Mutex::default() }
    }

    /// Waits for room for one message.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closing => return Poll::Ready(Err(self.closed())),
            Phase::Closed => {
                return Poll::Ready(Err(state.outcome(&self.name).unwrap_or_else(|| self.closed())));
            }
            Phase::Open if state.returned.is_empty() => {}
            Phase::Open | Phase::Failing => {
                keep(&mut state.sender, cx);
                return poll_failing(state);
            }
        }
        if self.has_room(&state) {
            return Poll::Ready(Ok(()));
        }
        keep(&mut state.sender, cx);
        let state_ref = &mut *state;
        let engine = state_ref.bell.ring_once(&mut state_ref.starved);
        wake(state, engine);
        Poll::Pending
    }

    /// Queues a message for the engine.
    ///
    /// # Errors
    ///
    /// `Closed`, or `NotReady` where there is no room; carries the message.
    pub(super) fn accept(&self, accepted: Accepted) -> Result<()> {
        let mut state = self.lock();
        let error = match state.phase {
            Phase::Open if self.has_room(&state) => {
                let engine = state.take_in(accepted);
                wake(state, engine);
                self.status.count_accepted();
                return Ok(());
            }
            Phase::Open => {
                let context =
                    format!("send to \"{}\": the queue is full, and poll_ready was not asked", self.name);
                Error::new(ErrorKind::NotReady, context)
            }
            _ => self.closed(),
        };
        let undelivered = Undelivered::new(accepted.message, error.restate(), Delivery::NotStored);
        Err(error.carrying(vec![undelivered]))
    }

    /// Waits until everything accepted is settled.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closed => return Poll::Ready(state.outcome(&self.name).map_or(Ok(()), Err)),
            Phase::Open if state.returned.is_empty() => {}
            _ => {
                keep(&mut state.waiter, cx);
                return poll_failing(state);
            }
        }
        if state.records == 0 {
            return Poll::Ready(Ok(()));
        }
        keep(&mut state.waiter, cx);
        Poll::Pending
    }

    /// Accepts no more, and waits until everything accepted is settled or the engine's deadline is over.
    pub(super) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        if state.phase == Phase::Closed {
            return Poll::Ready(state.outcome(&self.name).map_or(Ok(()), Err));
        }
        keep(&mut state.waiter, cx);
        let engine = state.enter(Phase::Closing);
        wake(state, engine);
        Poll::Pending
    }

    /// Waits until everything accepted is settled, lingers cut short, and takes what was handed back.
    pub(super) fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<Vec<Undelivered>> {
        let mut state = self.lock();
        if !state.is_settled() {
            keep(&mut state.waiter, cx);
            let state_ref = &mut *state;
            let engine = state_ref.bell.ring_once(&mut state_ref.draining);
            wake(state, engine);
            return Poll::Pending;
        }
        state.forgiven = true;
        Poll::Ready(state.take_returned())
    }

    /// Nobody drains any more: entries may linger again.
    pub(super) fn stop_draining(&self) {
        self.lock().draining = false;
    }

    /// Has the engine end, with nobody waiting for it.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Closed {
            let engine = state.enter(Phase::Closing);
            wake(state, engine);
        }
    }

    pub(super) fn set_framing(&self, framing: Arc<dyn Framing>) {
        let mut state = self.lock();
        state.framing = Some(framing);
        let engine = state.bell.ring();
        wake(state, engine);
    }

    /// Takes what came in; the engine's side. `inbox` is empty and gives its memory for the next ones.
    pub(super) fn look_in(&self, inbox: &mut Inbox) -> Orders {
        let mut state = self.lock();
        mem::swap(&mut state.inbox, inbox);
        state.bell.answer();
        Orders {
            phase: state.phase,
            hurry: state.starved || state.draining || state.phase != Phase::Open,
            forgiven: mem::take(&mut state.forgiven),
            framing: state.framing.take(),
        }
    }

    /// Tells what was settled, and has the engine woken when there is something to look at; the engine's side.
    pub(super) fn settle(&self, settled: Settled, wanted: Wanted, cx: &Context<'_>) {
        let mut state = self.lock();
        let state_ref = &mut *state;
        state_ref.bell.listen(&state_ref.inbox, wanted, cx);
        self.apply(state, settled);
    }

    /// Tells what was settled, the last time; the engine's side. What came in since its last look is handed back.
    pub(super) fn end(&self, mut settled: Settled) {
        let mut state = self.lock();
        for accepted in mem::take(&mut state.inbox).drain().1 {
            settled.hand_back(Some(accepted.message), self.closed());
        }
        self.apply(state, Settled { over: true, ..settled });
    }

    fn apply(&self, mut state: MutexGuard<'_, State>, settled: Settled) {
        let moved = settled.records > 0 || !settled.returned.is_empty() || settled.over;
        if !moved {
            return;
        }
        self.status.count_settled(settled.records, settled.returned.len());
        state.records -= settled.records;
        state.bytes -= settled.bytes;
        state.returned.extend(settled.returned);
        state.fatal = state.fatal.take().or(settled.fatal);
        if settled.over {
            state.phase = Phase::Closed;
        }
        if self.has_room(&state) {
            state.starved = false;
        }
        let done = state.is_settled();
        if done {
            state.draining = false;
        }
        let failed = !state.returned.is_empty();
        let sender = if !state.starved || failed || done { state.sender.take() } else { None };
        let waiter = if failed || done { state.waiter.take() } else { None };
        wake(state, sender);
        waiter.into_iter().for_each(Waker::wake);
    }

    fn has_room(&self, state: &State) -> bool {
        state.records < self.max_queue && state.bytes < self.max_queue_bytes
    }

    fn closed(&self) -> Error {
        Error::new(ErrorKind::Closed, format!("send to \"{}\": the sink is closed", self.name))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = 0;
        for undelivered in &state.returned {
            unknown += usize::from(undelivered.delivery() == Delivery::Unknown);
        }
        if let Some(first) = state.returned.first() {
            let (sink, count, reason) = (&*self.name, state.returned.len(), first.reason());
            tracing::warn!(sink, count, unknown, %reason, "a sink was dropped with messages that it could not deliver");
        }
    }
}

/// Waits for the engine to settle what is left after a failure, which is told then.
fn poll_failing(mut state: MutexGuard<'_, State>) -> Poll<Result<()>> {
    let engine = if state.phase == Phase::Open { state.enter(Phase::Failing) } else { None };
    wake(state, engine);
    Poll::Pending
}
