//! Acks in any order become one position: the longest acked prefix of a shard.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::time::Instant;

use crate::Position;
use crate::ack::{Acks, Creditor, Ledger};
use crate::checkpoint::{Checkpoint, InFlight};
use crate::places::Places;

/// A position and the arrival time of its record.
type Mark = (Position, Option<SystemTime>);

/// Follows the messages of one shard, read under one lease, from the moment they are opened until their acks
/// arrive, in whatever order.
///
/// The watermark is the longest acked prefix and never moves back. Acks that belong to another tracker (an older
/// claim, or reading before a seek) do not reach this one. Cheap to clone; clones share the state.
///
/// # Example
///
/// ```
/// use headwater::Position;
/// use headwater::checkpoint::Tracker;
///
/// let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
/// let tracker = Tracker::new();
/// let mut acks = tracker.open([(after(1), None), (after(2), None)]);
/// let (first, second) = (acks.next().unwrap(), acks.next().unwrap());
///
/// second.ack();
/// assert!(tracker.watermark().is_none(), "the first is still out");
/// first.ack();
/// assert_eq!(tracker.watermark().unwrap().position, after(2));
/// ```
#[derive(Clone)]
pub struct Tracker {
    shared: Arc<Shared>,
}

struct Shared {
    pages: Mutex<Pages>,
    in_flight: Arc<InFlight>,
    /// Debts of this tracker alone that are neither paid nor abandoned.
    open: AtomicUsize,
    /// Set once the shard's last record was opened.
    finished: AtomicBool,
    /// Set by the first abandonment, so that looking for one is a load and not a lock.
    any_abandoned: AtomicBool,
    /// Set while somebody waits for the last message that is out to settle.
    draining: AtomicBool,
    /// Set when the lease is lost or the shard is read anew: nothing settles from then on.
    revoked: AtomicBool,
}

#[derive(Default)]
struct Pages {
    open: VecDeque<Page>,
    /// The first debt of the front page that is not known to be paid.
    head: usize,
    watermark: Option<Checkpoint>,
    abandoned: Option<Position>,
}

struct Page {
    marks: Marks,
    ledger: Arc<Ledger>,
    opened: Instant,
}

/// What becomes the watermark.
enum Marks {
    /// As the caller said.
    Each(Box<[Mark]>),
    /// Those that the messages know as their origins.
    Shared(Arc<Places>),
}

impl Tracker {
    /// Creates a tracker of its own, as for a connector that counts messages by shard.
    pub fn new() -> Self {
        Self::counted_in(Arc::default())
    }

    /// Creates a tracker whose messages count in `in_flight` too.
    pub(crate) fn counted_in(in_flight: Arc<InFlight>) -> Self {
        let shared = Shared {
            pages: Mutex::default(),
            in_flight,
            open: AtomicUsize::new(0),
            finished: AtomicBool::new(false),
            any_abandoned: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            revoked: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Opens the debts of the next messages, in the order of the shard, and returns an ack for each. Acks that the
    /// caller leaves in the iterator are abandoned.
    ///
    /// # Example
    ///
    /// What a source does with a page:
    ///
    /// ```
    /// use headwater::checkpoint::Tracker;
    /// use headwater::{Headers, Message, Position};
    ///
    /// let page = [("7", "an order"), ("8", "another")];
    /// let after = |sequence: &str| Position::After { sequence: sequence.into(), sub_sequence: None };
    /// let tracker = Tracker::new();
    /// let acks = tracker.open(page.map(|(sequence, _)| (after(sequence), None)));
    /// for ((_, payload), ack) in page.into_iter().zip(acks) {
    ///     Message::from_parts(payload, None, Headers::new(), None, ack).ack();
    /// }
    /// assert_eq!(tracker.watermark().unwrap().position, after("8"));
    /// ```
    pub fn open(&self, marks: impl IntoIterator<Item = Mark>) -> Acks {
        let marks: Box<[Mark]> = marks.into_iter().collect();
        self.count(marks.len());
        self.open_block(&mut self.shared.lock(), Marks::Each(marks))
    }

    /// Opens the debts of a page, block by block.
    pub(crate) fn open_places(&self, blocks: &[Arc<Places>]) -> Vec<Acks> {
        self.count(blocks.iter().map(|block| block.places.len()).sum());
        let mut pages = self.shared.lock();
        blocks.iter().map(|block| self.open_block(&mut pages, Marks::Shared(Arc::clone(block)))).collect()
    }

    fn count(&self, opened: usize) {
        self.shared.in_flight.open(opened);
        self.shared.open.fetch_add(opened, Ordering::SeqCst);
    }

    fn open_block(&self, pages: &mut Pages, marks: Marks) -> Acks {
        let creditor: Arc<dyn Creditor> = Arc::clone(&self.shared) as _;
        let (ledger, acks) = Ledger::open(marks.len(), creditor);
        if ledger.len() > 0 {
            pages.open.push_back(Page { marks, ledger, opened: Instant::now() });
        }
        acks
    }

    /// Says that so many of the messages opened are not handed out for now, and so count in no limit.
    pub(crate) fn set_aside(&self, count: usize) {
        self.shared.in_flight.settle(count);
    }

    /// Says that as many as were [set aside](Self::set_aside) are handed out now.
    pub(crate) fn take_up(&self, count: usize) {
        self.shared.in_flight.open(count);
    }

    /// Says that the shard has no more records: once all that were opened are acked, the watermark is `End`.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Position;
    /// use headwater::checkpoint::Tracker;
    ///
    /// let tracker = Tracker::new();
    /// let last = tracker.open([(Position::Beginning, None)]).next().unwrap();
    /// tracker.finish();
    /// assert!(tracker.watermark().is_none());
    /// last.ack();
    /// assert_eq!(tracker.watermark().unwrap().position, Position::End);
    /// ```
    pub fn finish(&self) {
        self.shared.finished.store(true, Ordering::SeqCst);
    }

    /// Says that the coordinator waits for the last message that is out: attention is called when it has settled.
    pub(crate) fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    /// Ends this tracker's say: acks and abandons that still come have no effect.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Position;
    /// use headwater::checkpoint::Tracker;
    ///
    /// let tracker = Tracker::new();
    /// let ack = tracker.open([(Position::Beginning, None)]).next().unwrap();
    /// tracker.revoke(); // another worker reads the shard now
    /// drop(ack);
    /// assert!(tracker.abandoned().is_none());
    /// ```
    pub fn revoke(&self) {
        self.shared.revoked.store(true, Ordering::Release);
    }

    /// Tells whether [`revoke`](Self::revoke) was called.
    pub fn is_revoked(&self) -> bool {
        self.shared.revoked.load(Ordering::Acquire)
    }

    /// Returns the longest acked prefix, or `None` while nothing at its front is acked.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Position;
    /// use headwater::checkpoint::Tracker;
    ///
    /// let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
    /// let tracker = Tracker::new();
    /// let acks: Vec<_> = tracker.open((1..=3).map(|n| (after(n), None))).collect();
    /// let [first, second, third] = acks.try_into().unwrap();
    ///
    /// third.ack();
    /// first.ack();
    /// assert_eq!(tracker.watermark().unwrap().position, after(1), "the second is out");
    /// second.ack();
    /// assert_eq!(tracker.watermark().unwrap().position, after(3));
    /// ```
    pub fn watermark(&self) -> Option<Checkpoint> {
        self.shared.advanced().watermark.clone()
    }

    /// Returns the position of the oldest message that is not acked.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Position;
    /// use headwater::checkpoint::Tracker;
    ///
    /// let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
    /// let tracker = Tracker::new();
    /// let mut acks = tracker.open((1..=3).map(|n| (after(n), None)));
    /// acks.next().unwrap().ack();
    /// assert_eq!(tracker.oldest_unacked(), Some(after(2)));
    /// ```
    pub fn oldest_unacked(&self) -> Option<Position> {
        self.oldest_out().map(|(position, _)| position)
    }

    /// Returns the position of the oldest message that is not acked, and when its page was opened.
    pub(crate) fn oldest_out(&self) -> Option<(Position, Instant)> {
        let pages = self.shared.advanced();
        pages.open.front().map(|page| (page.marks.checkpoint(pages.head).position, page.opened))
    }

    /// Returns the position of the first message that was dropped without an ack.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Position;
    /// use headwater::checkpoint::Tracker;
    ///
    /// let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
    /// let tracker = Tracker::new();
    /// let mut acks = tracker.open([(after(1), None), (after(2), None)]);
    /// acks.next().unwrap().ack();
    /// drop(acks.next()); // as by a panic, or an error on the way
    /// assert_eq!(tracker.abandoned(), Some(after(2)));
    /// ```
    pub fn abandoned(&self) -> Option<Position> {
        if !self.shared.any_abandoned.load(Ordering::Acquire) {
            return None;
        }
        self.shared.lock().abandoned.clone()
    }

    /// Returns how many messages are neither acked nor abandoned.
    pub fn in_flight(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }
}

impl Default for Tracker {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Tracker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracker").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Returns the pages once the watermark has moved as far as it may.
    fn advanced(&self) -> MutexGuard<'_, Pages> {
        let mut pages = self.lock();
        pages.advance(self.finished.load(Ordering::SeqCst));
        pages
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, count: usize) {
        let before = self.open.fetch_sub(count, Ordering::SeqCst);
        self.in_flight.settle(count);
        // Who waits for a drain says so before it looks, so one of the two sees the other. Nobody else cares, and a call for
        // each page that was acked would be a storm.
        if before == count && (self.finished.load(Ordering::SeqCst) || self.draining.load(Ordering::SeqCst)) {
            self.in_flight.call_attention();
        }
    }
}

impl Marks {
    fn len(&self) -> usize {
        match self {
            Self::Each(marks) => marks.len(),
            Self::Shared(block) => block.places.len(),
        }
    }

    fn checkpoint(&self, index: usize) -> Checkpoint {
        match self {
            Self::Each(marks) => {
                let (position, arrival) = marks[index].clone();
                Checkpoint { position, arrival }
            }
            Self::Shared(block) => block.places[index].checkpoint(),
        }
    }
}

impl Creditor for Shared {
    fn paid(&self) {
        self.settle(1);
    }

    fn retracted(&self, count: usize) {
        self.settle(count);
    }

    fn abandoned(&self, ledger: &Ledger, slot: usize) {
        if self.revoked.load(Ordering::Acquire) {
            return self.settle(1);
        }
        let mut pages = self.lock();
        let position = pages
            .open
            .iter()
            .find(|page| std::ptr::eq(&raw const *page.ledger, ledger))
            .map(|page| page.marks.checkpoint(slot).position);
        // The earliest is what an operator looks for, whichever task happened to drop its message first.
        let first = match (pages.abandoned.take(), position) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
        pages.abandoned = first;
        drop(pages);
        self.any_abandoned.store(true, Ordering::Release);
        self.in_flight.call_attention();
        self.settle(1);
    }
}

impl Pages {
    /// Moves the watermark over every debt at the front that is paid.
    fn advance(&mut self, finished: bool) {
        while let Some(page) = self.open.front() {
            let start = self.head;
            while self.head < page.ledger.len() && page.ledger.is_paid(self.head) {
                self.head += 1;
            }
            if self.head > start {
                self.watermark = Some(page.marks.checkpoint(self.head - 1));
            }
            if self.head < page.ledger.len() {
                return;
            }
            self.open.pop_front();
            self.head = 0;
        }
        if finished {
            let arrival = self.watermark.as_ref().and_then(|checkpoint| checkpoint.arrival);
            self.watermark = Some(Checkpoint { position: Position::End, arrival });
        }
    }
}
