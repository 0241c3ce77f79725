//! How producers come in: many tasks that send, flush and close at once.

use std::pin::pin;
use std::sync::MutexGuard;
use std::task::Waker;

use crate::batch::handles::gate::{Gate, refuse};
use crate::batch::handles::state::{Phase, State, wake};
use crate::batch::lanes::accepted::Arrival;
use crate::{Error, ErrorKind, Result, Undelivered};

/// What became of a send.
enum Entrance {
    Accepted,
    /// There is no room.
    Full(Arrival),
    /// There never will be; carries the message.
    Refused(Error),
}

impl Gate {
    /// Queues a message for the engine, or waits in line for room.
    ///
    /// # Errors
    ///
    /// `Closed`, or `Undelivered` where nothing but messages that were handed back fills the queue; carries the message.
    pub(in crate::batch) async fn enter(&self, mut arrival: Arrival) -> Result<()> {
        let mut place = None;
        loop {
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            match self.try_enter(arrival, place.is_some()) {
                Entrance::Accepted => return Ok(()),
                Entrance::Refused(error) => return Err(error),
                Entrance::Full(back) => arrival = back,
            }
            place.get_or_insert_with(|| self.line_up());
            room.await;
        }
    }

    /// Queues a message for the engine. Those that waited go first.
    fn try_enter(&self, arrival: Arrival, waited: bool) -> Entrance {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return Entrance::Refused(refuse(self.closed(&state), arrival.message));
        }
        if !self.has_room(&state) {
            if state.is_settled() {
                let count = state.returned.len();
                let context = format!(
                    "send to \"{}\": the queue is full of what was handed back ({count}): flush takes it",
                    self.name
                );
                return Entrance::Refused(refuse(
                    Error::new(ErrorKind::Undelivered, context),
                    arrival.message,
                ));
            }
            if waited {
                // Its room was taken by what may linger.
                Self::crowd(state);
            }
            return Entrance::Full(arrival);
        }
        if !waited && state.waiting > 0 {
            return Entrance::Full(arrival);
        }
        let mut engine = state.take_in(arrival);
        self.status.tell_accepted(state.turns);
        let more = self.has_room(&state);
        if !more && state.waiting > usize::from(waited) {
            // What fills the queue must not linger while others wait.
            let state = &mut *state;
            engine = engine.or(state.bell.ring_once(&mut state.crowded));
        }
        wake(state, engine);
        if more {
            self.room.notify_one();
        }
        Entrance::Accepted
    }

    fn line_up(&self) -> Place<'_> {
        let mut state = self.lock();
        state.waiting += 1;
        Self::crowd(state);
        Place(self)
    }

    /// Has the engine know that sends wait, unless it does.
    fn crowd(mut state: MutexGuard<'_, State>) {
        let state_ref = &mut *state;
        let engine = state_ref.bell.ring_once(&mut state_ref.crowded);
        wake(state, engine);
    }

    /// Waits until everything that is accepted by now is settled, lingers cut short, and takes what was handed back.
    pub(in crate::batch) async fn flush(&self) -> Vec<Undelivered> {
        let draining = Draining::begin(self);
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            if let Some(returned) = self.try_flush(draining.until) {
                return returned;
            }
            settled.await;
        }
    }

    fn try_flush(&self, until: u64) -> Option<Vec<Undelivered>> {
        let mut state = self.lock();
        if !(state.phase == Phase::Closed || state.epochs.is_past(until)) {
            return None;
        }
        state.forgiven = true;
        let returned = state.take_returned();
        if !returned.is_empty() {
            let sender = state.sender.take();
            // The engine frees the keys that failed.
            let engine = state.bell.ring();
            wake(state, engine);
            sender.into_iter().for_each(Waker::wake);
            self.room.notify_one();
        }
        Some(returned)
    }

    /// Accepts no more, and waits until everything is settled or the engine's deadline is over; takes what was handed
    /// back.
    pub(in crate::batch) async fn close(&self) -> Vec<Undelivered> {
        self.abandon();
        loop {
            let mut settled = pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut state = self.lock();
                if state.phase == Phase::Closed {
                    state.fatal = None;
                    return state.take_returned();
                }
            }
            settled.await;
        }
    }
}

/// A send that waits in line for room.
struct Place<'a>(&'a Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
        // Room that came for it is the next one's.
        self.0.room.notify_one();
    }
}

/// A flush on its way, which may be given up.
struct Draining<'a> {
    gate: &'a Gate,
    until: u64,
}

impl<'a> Draining<'a> {
    fn begin(gate: &'a Gate) -> Self {
        let mut state = gate.lock();
        let until = state.epochs.cut();
        state.draining += 1;
        let engine = state.bell.ring();
        wake(state, engine);
        Self { gate, until }
    }
}

impl Drop for Draining<'_> {
    fn drop(&mut self) {
        self.gate.lock().draining -= 1;
    }
}
