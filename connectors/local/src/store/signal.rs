//! How a waiting subscription hears that something happened.

use std::sync::{OnceLock, Weak};
use std::task::Waker;

use futures::task::AtomicWaker;

/// Why a subscription ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It reached its end by itself.
    Over,
    /// The same consumer subscribed to the shard again.
    TakenOver,
    /// Its consumer was deregistered.
    Deregistered,
    /// Its stream was deleted.
    StreamDeleted,
    /// The connection breaks.
    Reset,
}

/// One subscription as others see it: whom to wake, and whether it has ended.
///
/// The subscription owns it; shards and consumers refer to it weakly, so that a subscription that is dropped
/// leaves without taking a lock.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    waker: AtomicWaker,
    end: OnceLock<End>,
}

impl Signal {
    /// Registers who waits. To be called before looking for what is waited for.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    /// Ends the subscription. The first reason stands. Returns whether this one did.
    pub(crate) fn end(&self, why: End) -> bool {
        let first = self.end.set(why).is_ok();
        self.wake();
        first
    }

    pub(crate) fn ended(&self) -> Option<End> {
        self.end.get().copied()
    }
}

/// Some subscriptions, those that are gone included until [`add`](Self::add) finds them.
#[derive(Debug, Default)]
pub(crate) struct Signals(Vec<Weak<Signal>>);

impl Signals {
    pub(crate) fn add(&mut self, signal: Weak<Signal>) {
        self.0.retain(|signal| signal.strong_count() > 0);
        self.0.push(signal);
    }

    /// Wakes all. Costs nothing where there is none.
    pub(crate) fn wake(&self) {
        self.0.iter().filter_map(Weak::upgrade).for_each(|signal| signal.wake());
    }
}
