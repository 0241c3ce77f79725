//! What waits in one lane.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::lanes::unsettled::{ChainId, Waiting};

/// What waits in one lane: entries that exist, and chains whose next entry may be made. A key in flight is in none of
/// its queues, so nothing is ever skipped over.
#[derive(Default)]
pub(in crate::batch) struct Queue {
    /// Entries that exist: their backoff is over, or they did not fit their request.
    pub(in crate::batch) ready: VecDeque<Waiting>,
    /// Chains that make a full entry each.
    full: VecDeque<Full>,
    /// Chains that make a part-filled entry each.
    lingering: VecDeque<Lingering>,
    /// Chains whose messages share entries, in order.
    shared: VecDeque<Sharing>,
    /// Those that came out of their turn: the messages of a chain that was busy may have waited longest.
    early: BinaryHeap<Reverse<Sharing>>,
    /// What the chains of both hold.
    shared_messages: usize,
    shared_bytes: usize,
    turns: u64,
    /// The bytes of `ready` and `full`.
    bytes: usize,
}

struct Full {
    id: ChainId,
    since: Instant,
    /// What it is counted with.
    bytes: usize,
}

/// Stale where the chain has another stamp.
struct Lingering {
    id: ChainId,
    stamp: u64,
    since: Instant,
}

/// In the order of its fields: the longest wait first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sharing {
    since: Instant,
    turn: u64,
    id: ChainId,
}

/// How large an entry that chains share is.
#[derive(Clone, Copy)]
pub(in crate::batch) struct FrameSize {
    pub(in crate::batch) bytes: usize,
    pub(in crate::batch) messages: usize,
}

/// How long a part-filled entry waits for company, and whether it may at all.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Patience {
    pub(in crate::batch) linger: Duration,
    pub(in crate::batch) now: Instant,
    /// Nothing may linger.
    pub(in crate::batch) hurry: bool,
}

impl Patience {
    /// Tells whether an entry whose first message came then has waited enough.
    pub(in crate::batch) fn ends(&self, since: Instant) -> bool {
        self.hurry || since + self.linger <= self.now
    }

    /// Returns when it has.
    pub(in crate::batch) fn end(&self, since: Instant) -> Instant {
        if self.hurry { self.now } else { since + self.linger }
    }
}

impl Queue {
    pub(in crate::batch) fn push_ready(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.bytes();
        self.ready.push_back(waiting);
    }

    /// Puts an entry back that was popped and goes next.
    pub(in crate::batch) fn unpop(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.bytes();
        self.ready.push_front(waiting);
    }

    pub(in crate::batch) fn pop_ready(&mut self) -> Option<Waiting> {
        let waiting = self.ready.pop_front()?;
        self.bytes -= waiting.entry.bytes();
        Some(waiting)
    }

    pub(in crate::batch) fn push_full(&mut self, id: ChainId, since: Instant, bytes: usize) {
        self.bytes += bytes;
        self.full.push_back(Full { id, since, bytes });
    }

    pub(in crate::batch) fn pop_full(&mut self) -> Option<ChainId> {
        let full = self.full.pop_front()?;
        self.bytes -= full.bytes;
        Some(full.id)
    }

    /// Returns the chains that make the next full entries.
    pub(in crate::batch) fn next_full(&self, entries: usize) -> impl Iterator<Item = ChainId> {
        self.full.iter().take(entries).map(|full| full.id)
    }

    pub(in crate::batch) fn push_lingering(&mut self, id: ChainId, stamp: u64, since: Instant) {
        self.lingering.push_back(Lingering { id, stamp, since });
    }

    /// Takes the chain that has lingered longest, with its stamp, if it may go part-filled.
    pub(in crate::batch) fn pop_lingering(&mut self, patience: Patience) -> Option<(ChainId, u64)> {
        let lingering = self.lingering.pop_front_if(|lingering| patience.ends(lingering.since))?;
        Some((lingering.id, lingering.stamp))
    }

    /// Queues a chain that shares entries with others, by when its first message came.
    pub(in crate::batch) fn push_shared(
        &mut self,
        id: ChainId,
        since: Instant,
        messages: usize,
        bytes: usize,
    ) {
        self.turns += 1;
        let sharing = Sharing { since, turn: self.turns, id };
        if self.shared.back().is_none_or(|last| *last < sharing) {
            self.shared.push_back(sharing);
        } else {
            self.early.push(Reverse(sharing));
        }
        self.grow_shared(messages, bytes);
    }

    /// Takes notice that a chain which shares entries has more messages.
    pub(in crate::batch) fn grow_shared(&mut self, messages: usize, bytes: usize) {
        self.shared_messages += messages;
        self.shared_bytes += bytes;
    }

    /// Takes notice that a chain which shares entries has fewer messages, or none.
    pub(in crate::batch) fn shrink_shared(&mut self, messages: usize, bytes: usize) {
        self.shared_messages -= messages;
        self.shared_bytes -= bytes;
    }

    /// Takes the chain that has waited longest among those that share entries.
    pub(in crate::batch) fn pop_shared(&mut self) -> Option<ChainId> {
        let sharing = match (self.shared.front(), self.early.peek()) {
            (Some(first), Some(Reverse(early))) if first < early => self.shared.pop_front(),
            (_, Some(_)) => self.early.pop().map(|Reverse(early)| early),
            (_, None) => self.shared.pop_front(),
        };
        sharing.map(|sharing| sharing.id)
    }

    /// Returns when the first message came of those that share entries.
    fn shared_since(&self) -> Option<Instant> {
        let early = self.early.peek().map(|Reverse(early)| early);
        self.shared.front().into_iter().chain(early).map(|sharing| sharing.since).min()
    }

    fn shared_chains(&self) -> usize {
        self.shared.len() + self.early.len()
    }

    /// Returns how many full entries the chains that share them make. Each holds one chain at least.
    fn full_shared(&self, size: FrameSize) -> usize {
        let chains = self.shared_chains();
        if chains == 0 {
            return 0;
        }
        (self.shared_bytes / size.bytes).max(self.shared_messages / size.messages).min(chains)
    }

    /// Tells whether an entry of several chains should go.
    pub(in crate::batch) fn shares(&self, patience: Patience, size: FrameSize) -> bool {
        let lingered = self.shared_since().is_some_and(|since| patience.ends(since));
        lingered || self.full_shared(size) > 0
    }

    /// Returns how many full entries there are, and their bytes.
    pub(in crate::batch) fn sendable(&self, size: FrameSize) -> (usize, usize) {
        let shared = self.full_shared(size);
        (self.ready.len() + self.full.len() + shared, self.bytes + shared * size.bytes)
    }

    pub(in crate::batch) fn is_empty(&self) -> bool {
        self.full.is_empty()
            && self.ready.is_empty()
            && self.lingering.is_empty()
            && self.shared_chains() == 0
    }

    /// Returns about when the first of its messages came; `None` where there are none.
    pub(in crate::batch) fn since(&self) -> Option<Instant> {
        [
            self.ready.front().map(|waiting| waiting.unsettled.since),
            self.full.front().map(|full| full.since),
            self.lingering.front().map(|lingering| lingering.since),
            self.shared_since(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Forgets which chains there are, and takes the entries out.
    pub(in crate::batch) fn clear(&mut self) -> VecDeque<Waiting> {
        std::mem::take(self).ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_that_share_entries_go_by_how_long_their_first_message_waits() {
        let start = Instant::now();
        let mut queue = Queue::default();
        for (id, waits) in [5, 3, 5, 4, 1, 3, 0, 2].into_iter().enumerate() {
            let since = start + Duration::from_secs(5 - waits);
            queue.push_shared(ChainId(id as u32), since, 1, 1);
            assert_eq!(queue.since(), Some(start));
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop_shared()).map(|id| id.0).collect();
        assert_eq!(order, [0, 2, 3, 1, 5, 7, 4, 6]);
        assert!(queue.is_empty());
    }
}
