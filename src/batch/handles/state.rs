//! The state that the handles and the engine share.

use std::mem;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Waker};

use crate::batch::handles::epochs::Epochs;
use crate::batch::handles::inbox::{Inbox, Wanted};
use crate::batch::lanes::accepted::{Accepted, Arrival};
use crate::codec::Framing;
use crate::error::count;
use crate::{Error, ErrorKind, Undelivered};

/// The state that the handles and the engine share.
#[derive(Default)]
pub(in crate::batch) struct State {
    pub(in crate::batch) phase: Phase,
    pub(in crate::batch) inbox: Inbox,
    /// The memory of messages that are settled: as much as there ever were at once.
    pub(in crate::batch) spare: Vec<Accepted>,
    /// Accepted and not stored: queued, in flight, backing off, or handed back and not taken.
    pub(in crate::batch) records: usize,
    pub(in crate::batch) bytes: usize,
    pub(in crate::batch) epochs: Epochs,
    /// How many messages were ever accepted.
    pub(in crate::batch) turns: u64,
    pub(in crate::batch) returned: Vec<Undelivered>,
    /// What made the sink fail as a whole.
    pub(in crate::batch) fatal: Option<Error>,
    /// The same, for those that come later.
    pub(in crate::batch) cause: Option<Error>,
    pub(in crate::batch) framing: Option<Arc<dyn Framing>>,
    /// A send of the sink waits for room, so no entry may linger.
    pub(in crate::batch) starved: bool,
    /// How many sends of producers wait for room.
    pub(in crate::batch) waiting: usize,
    /// The engine knows, or is about to see, that they wait and there is none.
    pub(in crate::batch) crowded: bool,
    /// How many wait for everything to be settled, lingers cut short.
    pub(in crate::batch) draining: usize,
    /// The keys that failed are free again.
    pub(in crate::batch) forgiven: bool,
    pub(in crate::batch) bell: Bell,
    /// Waits for room.
    pub(in crate::batch) sender: Option<Waker>,
    /// Waits for a flush or the end.
    pub(in crate::batch) waiter: Option<Waker>,
}

/// How the engine is woken.
#[derive(Default)]
pub(in crate::batch) struct Bell {
    /// `None` while the engine runs: it looks again before it sleeps.
    waker: Option<Waker>,
    /// There is something to look at besides the inbox.
    rung: bool,
    /// What the inbox must hold for the engine to be woken.
    wanted: Wanted,
}

/// Where a sink is on its way from open to closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::batch) enum Phase {
    #[default]
    Open,
    /// A message failed. What was accepted is settled, then the error is told.
    Failing,
    /// The last handle was closed or dropped.
    Closing,
    /// Nothing is unsettled, and nothing is accepted any more.
    Closed,
}

impl State {
    /// Queues a message, and returns the engine's waker once enough came in.
    #[inline]
    pub(in crate::batch) fn take_in(&mut self, arrival: Arrival) -> Option<Waker> {
        let accepted = Accepted::new(self.spare.pop(), arrival, self.epochs.enter(), self.turns);
        self.records += 1;
        self.bytes += accepted.bytes;
        self.turns += 1;
        self.inbox.push(accepted);
        if self.inbox.reaches(self.bell.wanted) { self.bell.waker.take() } else { None }
    }

    /// Moves to a later phase, and returns the engine's waker if that is news.
    pub(in crate::batch) fn enter(&mut self, phase: Phase) -> Option<Waker> {
        if mem::replace(&mut self.phase, phase) == phase { None } else { self.bell.ring() }
    }

    /// Tells whether everything accepted is stored or handed back. Nobody settles more once the sink is closed.
    pub(in crate::batch) fn is_settled(&self) -> bool {
        self.phase == Phase::Closed || self.records == self.returned.len()
    }

    pub(in crate::batch) fn take_returned(&mut self) -> Vec<Undelivered> {
        let returned = mem::take(&mut self.returned);
        self.records -= returned.len();
        self.bytes -= returned.iter().map(|undelivered| undelivered.message().wire_len()).sum::<usize>();
        returned
    }

    /// Makes the error that ends a closed sink, once.
    pub(in crate::batch) fn outcome(&mut self, name: &str) -> Option<Error> {
        let returned = self.take_returned();
        let fatal = self.fatal.take();
        if returned.is_empty() && fatal.is_none() {
            return None;
        }
        let context = format!("put to \"{name}\": {} not delivered", count(returned.len(), "message"));
        let kind = fatal.as_ref().map_or(ErrorKind::Undelivered, Error::kind);
        let first = returned.first().map(|undelivered| undelivered.reason().restate());
        let error = Error::new(kind, context);
        let error = match fatal.or(first) {
            Some(cause) => error.caused_by(cause),
            None => error,
        };
        Some(error.carrying(returned))
    }
}

impl Bell {
    /// Returns the engine's waker, to look at something besides the inbox.
    pub(in crate::batch) fn ring(&mut self) -> Option<Waker> {
        self.rung = true;
        self.waker.take()
    }

    /// Returns the engine's waker for the first that wants this.
    pub(in crate::batch) fn ring_once(&mut self, asked: &mut bool) -> Option<Waker> {
        if mem::replace(asked, true) { None } else { self.ring() }
    }

    /// Takes notice that the engine looks.
    pub(in crate::batch) fn answer(&mut self) {
        self.rung = false;
    }

    /// Has the engine woken when there is something to look at, at once if there is already.
    pub(in crate::batch) fn listen(&mut self, inbox: &Inbox, wanted: Wanted, cx: &Context<'_>) {
        if self.rung || inbox.reaches(wanted) {
            cx.waker().wake_by_ref();
        } else {
            self.wanted = wanted;
            keep(&mut self.waker, cx);
        }
    }
}

/// Keeps the waker of a task that waits.
pub(in crate::batch) fn keep(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

/// Lets go of the lock before it wakes: whoever is woken would wait for it.
pub(in crate::batch) fn wake(state: MutexGuard<'_, State>, waker: Option<Waker>) {
    drop(state);
    waker.into_iter().for_each(Waker::wake);
}
