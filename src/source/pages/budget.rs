//! One byte budget over all shards of a source, and all the ways to fetch.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a page that has arrived waits for room before it is let go. Most consumers that pause, pause for less.
pub(in crate::source) const PATIENCE: Duration = Duration::from_secs(1);

/// Bounds the bytes that a source holds, from the request for a page until the last of its payloads is dropped. A fetch
/// reserves the most that it can bring, so that pages under way are counted too. First come, first served: no shard gets
/// ahead of another.
#[derive(Clone, Debug)]
pub(in crate::source) struct ByteBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    whole: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Less than nothing while a page is larger than was reserved for it, or was let through to a hungry consumer.
    free: i64,
    /// Reservations whose page is under way.
    fetching: usize,
    /// Set while the consumer waits and there is nothing to give it.
    hungry: bool,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    bytes: i64,
    grant: oneshot::Sender<Charge>,
}

/// Bytes of the budget, returned when dropped.
#[derive(Debug)]
pub(in crate::source) struct Charge {
    budget: ByteBudget,
    bytes: i64,
    /// Whether the page that it stands for is still under way.
    fetching: bool,
}

impl ByteBudget {
    pub(in crate::source) fn new(bytes: usize) -> Self {
        let whole = signed(bytes);
        let state = State { free: whole, fetching: 0, hungry: false, waiting: VecDeque::new() };
        Self(Arc::new(Shared { whole, state: Mutex::new(state) }))
    }

    /// Waits until a page of so many bytes has room, and reserves it.
    pub(in crate::source) async fn reserve(&self, bytes: usize) -> Charge {
        // A page larger than the whole budget still has to pass, alone.
        self.wait_for(signed(bytes).min(self.0.whole)).await
    }

    /// Charges a page that has arrived already, and waits a while until that leaves no debt. `None` if it is to be let
    /// go, and fetched again once there is room.
    pub(in crate::source) async fn admit(&self, bytes: usize) -> Option<Charge> {
        let charge = self.charge(signed(bytes));
        let crowded = {
            let state = self.lock();
            state.free < -self.0.whole / 8 && !state.is_starving()
        };
        if crowded {
            // Too many wait already.
            return None;
        }
        let room = timeout(PATIENCE, self.wait_for(0)).await;
        room.is_ok().then_some(charge)
    }

    /// Says whether the consumer waits while there is nothing to give it: then one fetch is allowed whatever is charged,
    /// or else a consumer that collects payloads would wait for itself. The stream says when it does, and the reader that
    /// brings it something when it no longer does: the consumer may be gone for long by then.
    pub(in crate::source) fn set_hungry(&self, hungry: bool) {
        self.lock().hungry = hungry;
        if hungry {
            self.grant();
        }
    }

    /// Returns the bytes charged.
    pub(in crate::source) fn used(&self) -> usize {
        (self.0.whole - self.lock().free).max(0) as usize
    }

    async fn wait_for(&self, bytes: i64) -> Charge {
        let (grant, granted) = oneshot::channel();
        self.lock().waiting.push_back(Waiting { bytes, grant });
        self.grant();
        granted.await.expect("who waits is answered, for the budget lives as long as `self`")
    }

    fn charge(&self, bytes: i64) -> Charge {
        self.lock().free -= bytes;
        Charge { budget: self.clone(), bytes, fetching: false }
    }

    /// Lets those in who have waited longest and for whom there is room.
    fn grant(&self) {
        loop {
            let mut state = self.lock();
            let Some(first) = state.waiting.front() else { return };
            if state.free < first.bytes && !state.is_starving() {
                return;
            }
            let Some(Waiting { bytes, grant }) = state.waiting.pop_front() else { return };
            state.free -= bytes;
            state.fetching += 1;
            drop(state);
            let charge = Charge { budget: self.clone(), bytes, fetching: true };
            if let Err(charge) = grant.send(charge) {
                // Whoever waited has gone. Its return must not grant from within a grant.
                charge.take_back();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells whether a fetch is allowed that has no room.
    fn is_starving(&self) -> bool {
        self.hungry && self.fetching == 0
    }
}

impl Charge {
    /// Keeps what the page really takes, be it less or more, and gives the rest back.
    pub(in crate::source) fn correct(mut self, bytes: usize) -> Self {
        self.set(bytes);
        self
    }

    /// Charges so many bytes from now on.
    pub(in crate::source) fn set(&mut self, bytes: usize) {
        let bytes = signed(bytes);
        let mut state = self.budget.lock();
        state.free += self.bytes - bytes;
        state.fetching -= usize::from(mem::take(&mut self.fetching));
        drop(state);
        self.bytes = bytes;
        self.budget.grant();
    }

    /// Takes a part of it off, which returns by itself.
    pub(in crate::source) fn split(&mut self, bytes: usize) -> Self {
        let bytes = signed(bytes).min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes, fetching: false }
    }

    fn take_back(mut self) {
        let mut state = self.budget.lock();
        state.free += mem::take(&mut self.bytes);
        state.fetching -= usize::from(mem::take(&mut self.fetching));
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes != 0 || self.fetching {
            self.set(0);
        }
    }
}

/// No process holds more bytes than this can say.
fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const KIB: usize = 1 << 10;

    #[tokio::test]
    async fn a_page_is_charged_at_its_largest_until_it_has_arrived() {
        let budget = ByteBudget::new(20 * KIB);
        let reserved = budget.reserve(15 * KIB).await;
        assert_eq!(budget.used(), 15 * KIB);
        let kept = reserved.correct(3 * KIB);
        assert_eq!(budget.used(), 3 * KIB);
        drop(kept);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn a_page_larger_than_the_budget_passes_alone() {
        let budget = ByteBudget::new(20 * KIB);
        let first = budget.reserve(KIB).await;
        assert!(budget.reserve(30 * KIB).now_or_never().is_none());
        drop(first);
        budget.reserve(30 * KIB).now_or_never().expect("nothing else is charged");
    }

    #[tokio::test]
    async fn who_waits_longest_is_first_and_one_that_gives_up_costs_nothing() {
        let budget = ByteBudget::new(20 * KIB);
        let whole = budget.reserve(20 * KIB).await;
        let mut large = Box::pin(budget.reserve(15 * KIB));
        let mut gone = Box::pin(budget.reserve(5 * KIB));
        let mut small = Box::pin(budget.reserve(KIB));
        for waiting in [&mut large, &mut gone, &mut small] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(gone);
        let half = whole.correct(10 * KIB);
        assert!(small.as_mut().now_or_never().is_none(), "it does not get ahead");
        drop(half);
        let _large = large.now_or_never().expect("there is room");
        let _small = small.now_or_never().expect("there is room");
        assert_eq!(budget.used(), 16 * KIB);
    }

    #[tokio::test]
    async fn a_hungry_consumer_is_allowed_one_fetch_whatever_is_charged() {
        let budget = ByteBudget::new(20 * KIB);
        let _held = budget.reserve(20 * KIB).await.correct(20 * KIB);
        let mut first = Box::pin(budget.reserve(KIB));
        assert!(first.as_mut().now_or_never().is_none());
        budget.set_hungry(true);
        let first = first.now_or_never().expect("one fetch is allowed");
        let mut second = Box::pin(budget.reserve(KIB));
        assert!(second.as_mut().now_or_never().is_none(), "one at a time");
        let page = first.correct(KIB);
        let second = second.now_or_never().expect("the first has brought nothing yet that ends the hunger");
        budget.set_hungry(false);
        drop(second);
        assert!(budget.reserve(KIB).now_or_never().is_none());
        drop(page);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_has_arrived_waits_a_while_for_room_and_is_then_let_go() {
        let budget = ByteBudget::new(20 * KIB);
        let held = budget.reserve(20 * KIB).await;
        assert!(budget.admit(KIB).await.is_none());
        assert_eq!(budget.used(), 20 * KIB, "what was let go is charged no more");
        let mut waiting = Box::pin(budget.admit(KIB));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(budget.used(), 21 * KIB, "what has arrived is charged at once");
        drop(held);
        assert!(waiting.now_or_never().expect("there is room").is_some());
        let _held = budget.reserve(20 * KIB).await;
        assert!(budget.admit(5 * KIB).now_or_never().expect("too much waits already").is_none());
    }
}
