//! Acknowledgement: who owes what to a source.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Set in a slot once any share of its debt was dropped unpaid.
const ABANDONED: u32 = 1 << 31;
/// Set in a slot once another debt follows it. The bits below count the shares still out.
const FOLLOWED: u32 = 1 << 30;

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

impl Shares {
    fn as_slice(&self) -> &[Share] {
        match self {
            Self::None => &[],
            Self::One(share) => std::slice::from_ref(share),
            Self::Many(shares) => shares,
        }
    }
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
    /// use headwater::{Ack, Headers, Message};
    ///
    /// let (numbers, acks): (Vec<u32>, Vec<Ack>) = [Message::new(40), Message::new(2)]
    ///     .into_iter()
    ///     .map(|message| {
    ///         let (number, _, _, _, ack) = message.into_parts();
    ///         (number, ack)
    ///     })
    ///     .unzip();
    /// let sum = Message::from_parts(numbers.iter().sum::<u32>(), None, Headers::new(), None, Ack::join(acks));
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

    /// Returns the debt to look at, without a share in it.
    pub(crate) fn debt(&self) -> Debt {
        Debt(match &self.0 {
            Shares::None => Shares::None,
            Shares::One(share) => Shares::One(share.spectator()),
            Shares::Many(shares) => Shares::Many(shares.iter().map(Share::spectator).collect()),
        })
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack").field("debts", &self.0.as_slice().len()).finish()
    }
}

/// A debt as seen by one who has no share in it: looking at it neither pays nor abandons anything.
pub(crate) struct Debt(Shares);

impl Debt {
    /// Tells whether a share of the debt was dropped unpaid.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.as_slice().iter().any(|share| share.slot().load(Ordering::Acquire) & ABANDONED != 0)
    }

    /// Gives `ack` the fate of this debt: it is paid when this is, and abandoned when this is; at once if that is
    /// known.
    pub(crate) fn lead(&self, ack: Ack) {
        for share in self.0.as_slice() {
            share.ledger.follow(share.slot, ack.clone());
        }
        // The clones hold what `ack` owes. Its own share is done, and where nothing is led all of it.
        ack.ack();
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
    /// Acks that share the fate of a slot, which bears `FOLLOWED`.
    followers: Mutex<Vec<(u32, Ack)>>,
}

impl Ledger {
    /// Opens `len` debts, each with one share, and returns those shares in order.
    pub(crate) fn open(len: usize, creditor: Arc<dyn Creditor>) -> (Arc<Self>, Acks) {
        let slots = (0..len).map(|_| AtomicU32::new(1)).collect();
        let ledger = Arc::new(Self { slots, creditor, followers: Mutex::default() });
        let acks = Acks { ledger: Arc::clone(&ledger), next: 0 };
        (ledger, acks)
    }

    /// Tells whether every share of the debt in `slot` was paid.
    pub(crate) fn is_paid(&self, slot: usize) -> bool {
        // Pairs with the release in `Share::pay`: who sees a debt paid sees what was done before.
        self.slots[slot].load(Ordering::Acquire) & !FOLLOWED == 0
    }

    /// Returns how many debts there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Settles `ack` as the debt in `slot` is, or will be.
    fn follow(&self, slot: u32, ack: Ack) {
        let mut followers = self.lock_followers();
        // Whoever settles the debt after this sees the mark, and finds the ack once the lock is free.
        let before = self.slots[slot as usize].fetch_or(FOLLOWED, Ordering::AcqRel);
        if before & !FOLLOWED == 0 {
            drop(followers);
            ack.ack();
        } else if before & ABANDONED == 0 {
            followers.push((slot, ack));
        }
    }

    /// Takes out the acks that share the fate of the debt in `slot`.
    fn take_followers(&self, slot: u32) -> Vec<(u32, Ack)> {
        self.lock_followers().extract_if(.., |(followed, _)| *followed == slot).collect()
    }

    fn lock_followers(&self) -> MutexGuard<'_, Vec<(u32, Ack)>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands out the ack of each message of a page, in order. Those never handed out are abandoned with it.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::Tracker;
/// use headwater::{Headers, Message, Position};
///
/// # let after = |n: u32| Position::After { sequence: n.to_string().into(), sub_sequence: None };
/// let tracker = Tracker::new();
/// let page = [(after(1), "first"), (after(2), "second")];
/// let acks = tracker.open(page.iter().map(|(position, _)| (position.clone(), None)));
/// let messages: Vec<_> =
///     page.iter().zip(acks).map(|((_, text), ack)| Message::from_parts(*text, None, Headers::new(), None, ack)).collect();
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

impl Acks {
    /// Returns how many were handed out.
    pub(crate) fn handed_out(&self) -> usize {
        self.next
    }
}

impl Iterator for Acks {
    type Item = Ack;

    fn next(&mut self) -> Option<Ack> {
        (self.next < self.ledger.len()).then(|| {
            let slot = self.next as u32;
            self.next += 1;
            Ack(Shares::One(Share { ledger: Arc::clone(&self.ledger), slot, owed: true }))
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
    /// Whether dropping it abandons the debt.
    owed: bool,
}

impl Share {
    fn slot(&self) -> &AtomicU32 {
        &self.ledger.slots[self.slot as usize]
    }

    fn pay(mut self) {
        self.owed = false;
        let before = self.slot().fetch_sub(1, Ordering::AcqRel);
        if before & !FOLLOWED == 1 {
            self.ledger.creditor.paid();
            if before & FOLLOWED != 0 {
                self.ledger.take_followers(self.slot).into_iter().for_each(|(_, ack)| ack.ack());
            }
        }
    }

    fn spectator(&self) -> Self {
        Self { ledger: Arc::clone(&self.ledger), slot: self.slot, owed: false }
    }
}

impl Clone for Share {
    fn clone(&self) -> Self {
        self.slot().fetch_add(1, Ordering::Relaxed);
        Self { ledger: Arc::clone(&self.ledger), slot: self.slot, owed: true }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if !self.owed {
            return;
        }
        let before = self.slot().fetch_or(ABANDONED, Ordering::AcqRel);
        if before & ABANDONED == 0 {
            self.ledger.creditor.abandoned(&self.ledger, self.slot as usize);
            if before & FOLLOWED != 0 {
                drop(self.ledger.take_followers(self.slot));
            }
        }
        self.slot().fetch_sub(1, Ordering::AcqRel);
    }
}
