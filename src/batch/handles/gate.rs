//! What passes between the handles, which accept messages, and the engine, which settles them.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::batch::BatchStatus;
use crate::batch::handles::inbox::{Inbox, Wanted};
use crate::batch::handles::state::{Phase, State, keep, wake};
use crate::batch::lanes::accepted::Arrival;
use crate::batch::settled::Settled;
use crate::codec::Framing;
use crate::{Delivery, Error, ErrorKind, Key, Message, Result, Undelivered};

/// The state that the handles and the engine share, behind a lock that is held for a few moves of memory only.
pub(in crate::batch) struct Gate {
    pub(in crate::batch) name: Arc<str>,
    pub(in crate::batch) status: BatchStatus,
    max_queue: usize,
    max_queue_bytes: usize,
    state: Mutex<State>,
    /// Wakes the sends of producers, one for each that finds room.
    pub(in crate::batch) room: Notify,
    /// Wakes those that wait for messages to be settled.
    pub(in crate::batch) settled: Notify,
}

/// What the engine is told when it looks in.
pub(in crate::batch) struct Orders {
    pub(in crate::batch) phase: Phase,
    /// No entry may linger.
    pub(in crate::batch) hurry: bool,
    pub(in crate::batch) forgiven: bool,
    pub(in crate::batch) framing: Option<Arc<dyn Framing>>,
}

impl Gate {
    pub(in crate::batch) fn new(name: Arc<str>, max_queue: usize, max_queue_bytes: usize) -> Self {
        let status = BatchStatus::default();
        Self {
            name,
            status,
            max_queue,
            max_queue_bytes,
            state: Mutex::default(),
            room: Notify::new(),
            settled: Notify::new(),
        }
    }

    /// Waits for room for one message of the sink.
    pub(in crate::batch) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closing => return Poll::Ready(Err(self.closed(&state))),
            Phase::Closed => {
                return Poll::Ready(Err(state.outcome(&self.name).unwrap_or_else(|| self.closed(&state))));
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
    #[inline]
    pub(in crate::batch) fn accept(&self, message: Message<Bytes>, rekeyed: Option<Box<Key>>) -> Result<()> {
        let mut state = self.lock();
        if state.phase != Phase::Open || !self.has_room(&state) {
            return Err(refuse(self.unready(&state), message));
        }
        let engine = state.take_in(Arrival { message, rekeyed, slip: None });
        self.status.tell_accepted(state.turns);
        wake(state, engine);
        Ok(())
    }

    #[cold]
    fn unready(&self, state: &State) -> Error {
        if state.phase != Phase::Open {
            return self.closed(state);
        }
        let context = format!("send to \"{}\": the queue is full, and poll_ready was not asked", self.name);
        Error::new(ErrorKind::NotReady, context)
    }

    /// Begins a flush of the sink: returns what [`poll_flush`](Self::poll_flush) is to wait for.
    pub(in crate::batch) fn cut(&self) -> u64 {
        self.lock().epochs.cut()
    }

    /// Waits until everything is settled that was accepted before a cut.
    pub(in crate::batch) fn poll_flush(&self, until: u64, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closed => return Poll::Ready(state.outcome(&self.name).map_or(Ok(()), Err)),
            Phase::Open if state.returned.is_empty() => {}
            _ => {
                keep(&mut state.waiter, cx);
                return poll_failing(state);
            }
        }
        if state.epochs.is_past(until) {
            return Poll::Ready(Ok(()));
        }
        keep(&mut state.waiter, cx);
        Poll::Pending
    }

    /// Accepts no more, and waits until everything accepted is settled or the engine's deadline is over.
    pub(in crate::batch) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        if state.phase == Phase::Closed {
            return Poll::Ready(state.outcome(&self.name).map_or(Ok(()), Err));
        }
        keep(&mut state.waiter, cx);
        let engine = state.enter(Phase::Closing);
        wake(state, engine);
        Poll::Pending
    }

    /// Has the engine end, with nobody waiting for it.
    pub(in crate::batch) fn abandon(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Closed {
            let engine = state.enter(Phase::Closing);
            wake(state, engine);
        }
    }

    /// Accepts no more, because nothing is sent any more; the engine's side.
    pub(in crate::batch) fn refuse_more(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Failing;
        }
    }

    pub(in crate::batch) fn set_framing(&self, framing: Arc<dyn Framing>) {
        let mut state = self.lock();
        state.framing = Some(framing);
        let engine = state.bell.ring();
        wake(state, engine);
    }

    /// Returns how many messages were ever accepted; the engine's side.
    pub(in crate::batch) fn turns(&self) -> u64 {
        self.lock().turns
    }

    /// Takes what came in; the engine's side. `inbox` is empty and gives its memory for the next ones.
    pub(in crate::batch) fn look_in(&self, inbox: &mut Inbox) -> Orders {
        let mut state = self.lock();
        mem::swap(&mut state.inbox, inbox);
        state.bell.answer();
        state.crowded = state.waiting > 0 && !self.has_room(&state);
        Orders {
            phase: state.phase,
            hurry: state.starved || state.draining > 0 || state.phase != Phase::Open || state.crowded,
            forgiven: mem::take(&mut state.forgiven),
            framing: state.framing.take(),
        }
    }

    /// Tells what was settled, and has the engine woken when there is something to look at; the engine's side. Returns
    /// whether keys were forgiven since it looked in, before anyone knew of this.
    pub(in crate::batch) fn settle(&self, settled: Settled, wanted: Wanted, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        let state_ref = &mut *state;
        state_ref.bell.listen(&state_ref.inbox, wanted, cx);
        let forgiven = mem::take(&mut state_ref.forgiven);
        self.apply(state, settled);
        forgiven
    }

    /// Tells what was settled, the last time; the engine's side. What came in since its last look is handed back.
    pub(in crate::batch) fn end(&self, mut settled: Settled) {
        let mut state = self.lock();
        for accepted in mem::take(&mut state.inbox).drain() {
            settled.hand_back(accepted, &self.closed(&state), Delivery::NotStored, None);
        }
        self.apply(state, Settled { over: true, ..settled });
    }

    fn apply(&self, mut state: MutexGuard<'_, State>, settled: Settled) {
        let gone = settled.stored + settled.told;
        if settled.is_nothing() {
            return;
        }
        self.status.count_settled(settled.stored, settled.failed);
        state.records = state.records - gone + settled.revived.len();
        state.bytes = state.bytes - settled.bytes + bytes_of(&settled.revived);
        state.returned.extend(settled.revived);
        state.epochs.settle(&settled.epochs);
        state.spare.extend(settled.spare);
        state.returned.extend(settled.returned);
        if state.cause.is_none() {
            state.cause = settled.fatal.as_ref().map(Error::restate);
        }
        state.fatal = state.fatal.take().or(settled.fatal);
        if settled.over {
            state.phase = Phase::Closed;
        }
        let has_room = self.has_room(&state);
        state.starved &= !has_room;
        state.crowded &= !has_room;
        let (done, failed) = (state.is_settled(), !state.returned.is_empty());
        let sender = if !state.starved || failed || done { state.sender.take() } else { None };
        // A flush waits for less than everything.
        let waiter = state.waiter.take();
        wake(state, sender);
        waiter.into_iter().for_each(Waker::wake);
        self.settled.notify_waiters();
        if settled.over || (!has_room && done) {
            self.room.notify_waiters();
        } else if has_room {
            self.room.notify_one();
        }
    }

    pub(in crate::batch) fn has_room(&self, state: &State) -> bool {
        state.records < self.max_queue && state.bytes < self.max_queue_bytes
    }

    pub(in crate::batch) fn closed(&self, state: &State) -> Error {
        let closed = Error::new(ErrorKind::Closed, format!("send to \"{}\": the sink is closed", self.name));
        match &state.cause {
            Some(cause) => closed.caused_by(cause.restate()),
            None => closed,
        }
    }

    pub(in crate::batch) fn lock(&self) -> MutexGuard<'_, State> {
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

fn bytes_of(messages: &[Undelivered]) -> usize {
    messages.iter().map(|undelivered| undelivered.message().wire_len()).sum()
}

/// Gives a message back with the error that says why.
#[cold]
pub(in crate::batch) fn refuse(error: Error, message: Message<Bytes>) -> Error {
    let undelivered = Undelivered::new(message, error.restate(), Delivery::NotStored);
    error.carrying(vec![undelivered])
}

/// Waits for the engine to settle what is left after a failure, which is told then.
fn poll_failing(mut state: MutexGuard<'_, State>) -> Poll<Result<()>> {
    let engine = if state.phase == Phase::Open { state.enter(Phase::Failing) } else { None };
    wake(state, engine);
    Poll::Pending
}
