//! What was accepted and is not in flight: which entry may go next, and when.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::Message;
use crate::batch::Ordering;
use crate::batch::chain::{Chains, Held};
use crate::batch::framer::{Framed, Framer};
use crate::batch::pool::{Place, Pool};
use crate::batch::unsettled::{Accepted, ChainId, Unsettled, Waiting};
use crate::codec::Framing;

/// What was accepted and is not in flight.
///
/// Messages queue in chains, one per key, and become an entry only when it is packed, so that a frame grows while its
/// key is busy. The queues below name chains whose next entry may go: a key in flight is in none of them, so nothing
/// is ever skipped over, and every step costs the same however much is queued.
pub(super) struct Backlog {
    /// Every message that is unsettled, those in flight included.
    pool: Pool,
    chains: Chains,
    framer: Framer,
    ordering: Ordering,
    linger: Duration,
    /// Entries that exist: their backoff is over, or they did not fit their request.
    ready: VecDeque<Waiting>,
    /// Full entries, by chain, and the bytes that each was counted with.
    full: VecDeque<(ChainId, usize)>,
    /// Chains that make a part-filled entry.
    lingering: VecDeque<Lingering>,
    stamps: u64,
    /// The bytes of `ready` and `full`.
    bytes: usize,
    /// No later than when the first of the three queues' entries has lingered enough; `None` if they are empty.
    due: Option<Instant>,
    failed: Vec<ChainId>,
    #[cfg(test)]
    pub(super) steps: u64,
}

/// A chain that makes a part-filled entry. Stale where the chain has another stamp.
struct Lingering {
    id: ChainId,
    stamp: u64,
    since: Instant,
}

impl Backlog {
    pub(super) fn new(framer: Framer, ordering: Ordering, linger: Duration) -> Self {
        Self {
            pool: Pool::default(),
            chains: Chains::new(),
            framer,
            ordering,
            linger,
            ready: VecDeque::new(),
            full: VecDeque::new(),
            lingering: VecDeque::new(),
            stamps: 0,
            bytes: 0,
            due: None,
            failed: Vec::new(),
            #[cfg(test)]
            steps: 0,
        }
    }

    pub(super) fn set_framing(&mut self, framing: Arc<dyn Framing>) {
        self.framer.set_framing(framing);
    }

    /// Queues a message, or returns it where an earlier one of its key failed for good.
    pub(super) fn push(&mut self, accepted: Accepted, since: Instant) -> Option<Accepted> {
        let id = match accepted.key() {
            Some(key) if self.ordering == Ordering::PerKey || self.framer.joins() => self.chains.of(key),
            _ => ChainId::LOOSE,
        };
        let chain = self.chains.get(id);
        if chain.failed {
            return Some(accepted);
        }
        let bytes = self.framer.len_in_entry(&accepted.message);
        chain.push(Held { place: self.pool.insert(accepted), bytes, since });
        self.offer(id);
        None
    }

    /// Takes the entry that goes next. Part-filled ones are taken only in a hurry; one that has lingered enough goes
    /// before the full ones, or else it would wait for as long as there are any.
    pub(super) fn pop(&mut self, now: Instant, hurry: bool) -> Option<Waiting> {
        if let Some(waiting) = self.ready.pop_front() {
            self.bytes -= waiting.entry.bytes();
            return Some(waiting);
        }
        let linger = self.linger;
        if let Some(waiting) = self.pop_lingering(|since| since + linger <= now) {
            return Some(waiting);
        }
        while let Some((id, bytes)) = self.full.pop_front() {
            self.bytes -= bytes;
            self.chains.get(id).tokens -= 1;
            if let Some(waiting) = self.take(id) {
                return Some(waiting);
            }
        }
        let waiting = self.pop_lingering(|_| hurry);
        if waiting.is_none() && self.lingering.is_empty() {
            self.due = None;
        }
        waiting
    }

    /// Takes the part-filled entry that has lingered longest, if it may go.
    fn pop_lingering(&mut self, may_go: impl Fn(Instant) -> bool) -> Option<Waiting> {
        while let Some(Lingering { id, stamp, .. }) =
            self.lingering.pop_front_if(|lingering| may_go(lingering.since))
        {
            if self.chains.get(id).lingering == Some(stamp)
                && let Some(waiting) = self.take(id)
            {
                return Some(waiting);
            }
        }
        None
    }

    /// Puts an entry back that was popped and goes next.
    pub(super) fn unpop(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.bytes();
        self.ready.push_front(waiting);
    }

    /// Queues an entry whose backoff is over. It waits for company as a new one does, or else every entry of a
    /// throttled request would come back alone.
    pub(super) fn push_retry(&mut self, waiting: Waiting, since: Instant) {
        self.bytes += waiting.entry.bytes();
        self.ready.push_back(waiting);
        self.note_due(since);
    }

    /// Lets the next entry of a key go: the one before it is settled.
    pub(super) fn release(&mut self, id: ChainId) {
        if self.is_ordered(id) {
            self.chains.get(id).busy = false;
            self.offer(id);
            self.chains.note_idle(id);
        }
    }

    /// Takes out the later messages of a key whose entry failed for good, and refuses more until
    /// [`forgive`](Self::forgive). There are none where the messages of the chain have no order.
    pub(super) fn fail(&mut self, id: ChainId) -> Vec<Place> {
        let ordered = self.is_ordered(id);
        let chain = self.chains.get(id);
        if ordered && !chain.failed {
            chain.failed = true;
            self.failed.push(id);
        }
        if !ordered {
            return Vec::new();
        }
        chain.bytes = 0;
        chain.queue.drain(..).map(|held| held.place).collect()
    }

    /// Lets the keys go on that failed.
    pub(super) fn forgive(&mut self) {
        for id in std::mem::take(&mut self.failed) {
            self.chains.get(id).failed = false;
            self.chains.note_idle(id);
        }
    }

    /// Takes everything out: the messages that are in no entry yet, then the entries.
    pub(super) fn drain(&mut self) -> (Vec<Place>, VecDeque<Waiting>) {
        let queued = self.chains.drain().map(|held| held.place).collect();
        self.full.clear();
        self.lingering.clear();
        self.bytes = 0;
        self.due = None;
        (queued, std::mem::take(&mut self.ready))
    }

    /// Takes out a message that is settled; `None` if that was done before.
    pub(super) fn remove(&mut self, place: Place) -> Option<Message<Bytes>> {
        self.pool.remove(place)
    }

    /// Takes every message out that is unsettled still.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Message<Bytes>> {
        self.pool.drain()
    }

    /// Returns how many keys are remembered.
    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.chains.len()
    }

    /// Returns how many full entries may go, and their bytes.
    pub(super) fn sendable(&self) -> (usize, usize) {
        (self.ready.len() + self.full.len(), self.bytes)
    }

    /// Returns no later than when the first entry that may go has lingered enough; `None` where none may go.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns how many bytes make an entry full, where entries hold several messages.
    pub(super) fn frame_size(&self) -> Option<usize> {
        self.framer.joins().then(|| self.framer.frame_size())
    }

    fn is_ordered(&mut self, id: ChainId) -> bool {
        self.ordering == Ordering::PerKey && !self.chains.get(id).is_loose()
    }

    /// Queues a chain for as many entries as its messages make.
    fn offer(&mut self, id: ChainId) {
        let ordered = self.is_ordered(id);
        let chain = self.chains.get(id);
        let Some(head) = chain.queue.front().filter(|_| !chain.busy) else { return };
        let since = head.since;
        let full = self.framer.full_entries(chain.queue.len(), chain.bytes);
        let full = if ordered { full.min(1) } else { full };
        while chain.tokens < full {
            let bytes =
                if self.framer.joins() { self.framer.frame_size() } else { chain.queue[chain.tokens].bytes };
            chain.tokens += 1;
            chain.lingering = None;
            self.full.push_back((id, bytes));
            self.bytes += bytes;
        }
        if chain.tokens == 0 && chain.lingering.is_none() {
            self.stamps += 1;
            chain.lingering = Some(self.stamps);
            self.lingering.push_back(Lingering { id, stamp: self.stamps, since });
        }
        self.note_due(since);
    }

    /// Makes the next entry of a chain.
    fn take(&mut self, id: ChainId) -> Option<Waiting> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        let ordered = self.is_ordered(id);
        let chain = self.chains.get(id);
        if chain.busy {
            return None;
        }
        chain.lingering = None;
        let Some(Framed { entry, messages, bytes }) = self.framer.take(&mut chain.queue, &self.pool) else {
            self.chains.note_idle(id);
            return None;
        };
        chain.bytes -= bytes;
        if ordered {
            chain.busy = true;
        } else {
            self.offer(id);
            self.chains.note_idle(id);
        }
        let unsettled =
            Unsettled { messages, chain: id, attempts: 0, first_attempt: None, maybe_stored: false };
        Some(Waiting { entry, unsettled })
    }

    fn note_due(&mut self, since: Instant) {
        let due = since + self.linger;
        self.due = Some(self.due.map_or(due, |earliest| earliest.min(due)));
    }
}
