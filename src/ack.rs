//! Acknowledgement: who owes what to a source.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Set in a slot once any share of its debt was dropped unpaid. The other bits count the shares still out.
const ABANDONED: u32 = 1 << 31;

/// The debt of a message to its source.
///
/// [`ack`](Self::ack) pays it, without waiting for anything. Dropping it unpaid *abandons* it: only an explicit ack
/// moves a checkpoint. Clones share one debt, which is paid when every clone is acked. Messages that users make
/// themselves owe nothing.
///
/// An ack costs one atomic operation and no allocation: the debts of a page of records stand in one block.
///
/// # Example
///
/// ```
/// use headwater::Ack;
/// use headwater::checkpoint::Tracker;
/// use headwater::Position;
///
/// let tracker = Tracker::new();
/// let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
/// let mut acks = tracker.open([(after(1), None), (after(2), None)]);
/// let (first, second) = (acks.next().unwrap(), acks.next().unwrap());
///
/// let both = Ack::join([first, second]);
/// both.ack();
/// assert_eq!(tracker.watermark().unwrap().position, after(2));
/// ```
#[must_use = "an ack that is dropped abandons its message"]
#[derive(Clone, Default)]
pub struct Ack(Shares);

#[derive(Clone, Default)]
enum Shares {
    #[default]
    None,
    One(Share),
    Many(Vec<Share>),
}

impl Ack {
    /// Creates an ack that owes nothing.
    pub fn none() -> Self {
        Self(Shares::None)
    }

    /// Joins many acks into one that pays, or abandons, them all.
    ///
    /// # Example
    ///
    /// One message made from many:
    ///
    /// ```
    /// use headwater::{Ack, Message};
    ///
    /// let (numbers, acks): (Vec<u32>, Vec<Ack>) = [Message::new(40), Message::new(2)]
    ///     .into_iter()
    ///     .map(|message| {
    ///         let (number, _, _, ack) = message.into_parts();
    ///         (number, ack)
    ///     })
    ///     .unzip();
    /// let sum = Message::from_parts(numbers.iter().sum::<u32>(), None, None, Ack::join(acks));
    /// assert_eq!(*sum.payload(), 42);
    /// # sum.ack();
    /// ```
    pub fn join(acks: impl IntoIterator<Item = Self>) -> Self {
        let mut shares = Vec::new();
        for ack in acks {
            match ack.0 {
                Shares::None => {}
                Shares::One(share) => shares.push(share),
                Shares::Many(more) => shares.extend(more),
            }
        }
        match shares.len() {
            0 => Self(Shares::None),
            1 => Self(Shares::One(shares.remove(0))),
            _ => Self(Shares::Many(shares)),
        }
    }

    /// Pays this share of the debt.
    pub fn ack(self) {
        match self.0 {
            Shares::None => {}
            Shares::One(share) => share.pay(),
            Shares::Many(shares) => shares.into_iter().for_each(Share::pay),
        }
    }

    /// Tells whether anything is owed.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::checkpoint::Tracker;
    /// use headwater::{Ack, Position};
    ///
    /// assert!(!Ack::none().owes());
    ///
    /// let tracker = Tracker::new();
    /// let ack = tracker.open([(Position::Beginning, None)]).next().unwrap();
    /// assert!(ack.owes());
    /// # ack.ack();
    /// ```
    pub fn owes(&self) -> bool {
        !matches!(self.0, Shares::None)
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = match &self.0 {
            Shares::None => 0,
            Shares::One(_) => 1,
            Shares::Many(shares) => shares.len(),
        };
        f.debug_struct("Ack").field("debts", &shares).finish()
    }
}

/// Whoever is owed. Told from whichever task pays, so it must not block.
pub(crate) trait Creditor: Send + Sync {
    /// The last share of a debt was paid.
    fn paid(&self);
    /// A share of the debt in `slot` of `ledger` was dropped, for the first time.
    fn abandoned(&self, ledger: &Ledger, slot: usize);
    /// Messages were never handed out, and so are nobody's debt.
    fn retracted(&self, count: usize);
}

/// The debts of one page of messages, a word each.
pub(crate) struct Ledger {
    slots: Box<[AtomicU32]>,
    creditor: Arc<dyn Creditor>,
}

impl Ledger {
    /// Opens `len` debts, each with one share, and returns those shares in order.
    pub(crate) fn open(len: usize, creditor: Arc<dyn Creditor>) -> (Arc<Self>, Acks) {
        let slots = (0..len).map(|_| AtomicU32::new(1)).collect();
        let ledger = Arc::new(Self { slots, creditor });
        let acks = Acks { ledger: Arc::clone(&ledger), next: 0 };
        (ledger, acks)
    }

    /// Tells whether every share of the debt in `slot` was paid.
    pub(crate) fn is_paid(&self, slot: usize) -> bool {
        // Pairs with the release in `Share::pay`: who sees a debt paid sees what was done before.
        self.slots[slot].load(Ordering::Acquire) == 0
    }

    /// Returns how many debts there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// Hands out the ack of each message of a page, in order. Those never handed out are abandoned with it.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::Tracker;
/// use headwater::{Message, Position};
///
/// # let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
/// let tracker = Tracker::new();
/// let page = [(after(1), "first"), (after(2), "second")];
/// let acks = tracker.open(page.iter().map(|(position, _)| (position.clone(), None)));
/// let messages: Vec<_> =
///     page.iter().zip(acks).map(|((_, text), ack)| Message::from_parts(*text, None, None, ack)).collect();
///
/// messages.into_iter().for_each(Message::ack);
/// assert_eq!(tracker.watermark().unwrap().position, after(2));
/// ```
#[must_use = "acks that are dropped abandon their messages"]
pub struct Acks {
    ledger: Arc<Ledger>,
    next: usize,
}

impl Acks {
    /// Takes back the acks that were not handed out: their messages stay undone and are not reported as abandoned.
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
    ///
    /// acks.retract();
    /// assert_eq!(tracker.watermark().unwrap().position, after(1));
    /// assert_eq!((tracker.in_flight(), tracker.abandoned()), (0, None));
    /// ```
    pub fn retract(mut self) {
        let left = self.ledger.len() - self.next;
        self.next = self.ledger.len();
        if left > 0 {
            self.ledger.creditor.retracted(left);
        }
    }
}

impl Iterator for Acks {
    type Item = Ack;

    fn next(&mut self) -> Option<Ack> {
        (self.next < self.ledger.len()).then(|| {
            let slot = self.next as u32;
            self.next += 1;
            Ack(Shares::One(Share { ledger: Arc::clone(&self.ledger), slot, paid: false }))
        })
    }
}

impl fmt::Debug for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acks").field("left", &(self.ledger.len() - self.next)).finish()
    }
}

impl Drop for Acks {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

struct Share {
    ledger: Arc<Ledger>,
    slot: u32,
    paid: bool,
}

impl Share {
    fn slot(&self) -> &AtomicU32 {
        &self.ledger.slots[self.slot as usize]
    }

    fn pay(mut self) {
        self.paid = true;
        if self.slot().fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ledger.creditor.paid();
        }
    }
}

impl Clone for Share {
    fn clone(&self) -> Self {
        self.slot().fetch_add(1, Ordering::Relaxed);
        Self { ledger: Arc::clone(&self.ledger), slot: self.slot, paid: false }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.paid {
            return;
        }
        let before = self.slot().fetch_or(ABANDONED, Ordering::AcqRel);
        if before & ABANDONED == 0 {
            self.ledger.creditor.abandoned(&self.ledger, self.slot as usize);
        }
        self.slot().fetch_sub(1, Ordering::AcqRel);
    }
}
