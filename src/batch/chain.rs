//! The messages of one key, in the order in which they were accepted.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use crate::Key;
use crate::batch::unsettled::{Accepted, ChainId};

/// A message in its queue.
pub(super) struct Held {
    pub(super) accepted: Accepted,
    pub(super) since: Instant,
}

/// The messages of one key that are not in an entry yet, and what holds them.
#[derive(Default)]
pub(super) struct Chain {
    /// `None` for the loose chain, whose messages have no order.
    pub(super) key: Option<Key>,
    pub(super) queue: VecDeque<Held>,
    /// The length of the queued messages and their keys.
    pub(super) bytes: usize,
    /// An entry of this key is unsettled, so none may follow it.
    pub(super) busy: bool,
    /// An entry of this key failed for good, so its later messages are handed back.
    pub(super) failed: bool,
    /// How many entries of this chain stand in the backlog's queue of full ones.
    pub(super) tokens: usize,
    /// Its place in the backlog's queue of part-filled ones.
    pub(super) lingering: Option<u64>,
}

impl Chain {
    pub(super) fn push(&mut self, held: Held) {
        self.bytes += held.accepted.message.wire_len();
        self.queue.push_back(held);
    }

    pub(super) fn is_loose(&self) -> bool {
        self.key.is_none()
    }
}

/// All chains, by key. The places of those that emptied are used again, with their queues' memory.
pub(super) struct Chains {
    places: Vec<Chain>,
    free: Vec<ChainId>,
    by_key: HashMap<Key, ChainId>,
}

/// An empty queue keeps room for this many messages; a longer one that was needed once gives its memory back.
const KEPT_CAPACITY: usize = 16;

impl Chains {
    pub(super) fn new() -> Self {
        Self { places: vec![Chain::default()], free: Vec::new(), by_key: HashMap::new() }
    }

    /// Returns the chain of a key, which is made where there is none.
    pub(super) fn of(&mut self, key: &Key) -> ChainId {
        if let Some(id) = self.by_key.get(key) {
            return *id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.places.push(Chain::default());
            ChainId((self.places.len() - 1) as u32)
        });
        self.get(id).key = Some(key.clone());
        self.by_key.insert(key.clone(), id);
        id
    }

    pub(super) fn get(&mut self, id: ChainId) -> &mut Chain {
        &mut self.places[id.0 as usize]
    }

    /// Forgets a chain that nothing waits in or for.
    pub(super) fn free_if_idle(&mut self, id: ChainId) {
        let chain = self.get(id);
        if chain.is_loose() || chain.busy || chain.failed || chain.tokens > 0 || !chain.queue.is_empty() {
            return;
        }
        chain.lingering = None;
        if chain.queue.capacity() > KEPT_CAPACITY {
            chain.queue = VecDeque::new();
        }
        if let Some(key) = chain.key.take() {
            self.by_key.remove(&key);
            self.free.push(id);
        }
    }

    /// Takes every queued message out, of all chains.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Accepted> {
        self.places.iter_mut().flat_map(|chain| {
            chain.bytes = 0;
            chain.queue.drain(..).map(|held| held.accepted)
        })
    }
}
