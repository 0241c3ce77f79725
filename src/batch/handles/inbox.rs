//! What the handle accepted and the engine has not taken in yet.

use tokio::time::Instant;

use crate::batch::lanes::accepted::Accepted;

/// What the engine has not taken in yet.
#[derive(Default)]
pub(in crate::batch) struct Inbox {
    accepted: Vec<Accepted>,
    bytes: usize,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Inbox {
    #[inline]
    pub(in crate::batch) fn push(&mut self, accepted: Accepted) {
        // One look at the clock per time that the engine looks in: those that come later linger a little less.
        self.since.get_or_insert_with(Instant::now);
        self.bytes += accepted.bytes;
        self.accepted.push(accepted);
    }

    /// Tells whether the engine has something to do.
    pub(in crate::batch) fn reaches(&self, wanted: Wanted) -> bool {
        self.accepted.len() >= wanted.records || self.bytes >= wanted.bytes
    }

    /// Has [`pop`](Self::pop) take out what is there, and returns when the first of it came and how much it is.
    pub(in crate::batch) fn open(&mut self) -> (Option<Instant>, usize) {
        self.bytes = 0;
        self.accepted.reverse();
        (self.since.take(), self.accepted.len())
    }

    /// Takes out one message, the oldest first. The others stay where they are found after a panic.
    pub(in crate::batch) fn pop(&mut self) -> Option<Accepted> {
        self.accepted.pop()
    }

    /// Empties the inbox, whose memory is kept.
    pub(in crate::batch) fn drain(&mut self) -> impl Iterator<Item = Accepted> {
        (self.bytes, self.since) = (0, None);
        self.accepted.drain(..)
    }
}

/// How much must come in before the engine has something to do.
#[derive(Clone, Copy, Debug)]
pub(in crate::batch) struct Wanted {
    pub(in crate::batch) records: usize,
    pub(in crate::batch) bytes: usize,
}

impl Wanted {
    pub(in crate::batch) const ANYTHING: Self = Self { records: 1, bytes: usize::MAX };
    pub(in crate::batch) const NOTHING: Self = Self { records: usize::MAX, bytes: usize::MAX };
}

impl Default for Wanted {
    fn default() -> Self {
        Self::ANYTHING
    }
}
