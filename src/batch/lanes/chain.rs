//! The messages of one key, in the order in which they were accepted.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;
use tokio::time::Instant;

use crate::batch::lanes::map::{LaneId, ShardMap};
use crate::batch::lanes::pool::Place;
use crate::batch::lanes::unsettled::ChainId;
use crate::{HashKey, Key};

/// A message in its queue.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Held {
    pub(in crate::batch) place: Place,
    /// How many bytes it adds to its entry.
    pub(in crate::batch) bytes: usize,
    pub(in crate::batch) since: Instant,
}

/// The messages of one key that are not in an entry yet, and what holds them.
pub(in crate::batch) struct Chain {
    /// `None` for the loose chain, whose messages have no order and no lane.
    pub(in crate::batch) key: Option<Key>,
    /// Where its key lands.
    pub(in crate::batch) hash_key: HashKey,
    /// The lane to the shard that takes it.
    pub(in crate::batch) lane: LaneId,
    pub(in crate::batch) queue: VecDeque<Held>,
    /// How many bytes the queued messages add to their entries.
    pub(in crate::batch) bytes: usize,
    /// An entry of this key is unsettled, so none may follow it.
    pub(in crate::batch) busy: bool,
    /// An entry of this key failed for good, so that its later messages are handed back: those that were accepted
    /// before this turn.
    pub(in crate::batch) failed: Option<u64>,
    /// How many entries of this chain stand in its lane's queue of full ones.
    pub(in crate::batch) tokens: usize,
    /// Its place in its lane's queue of part-filled ones.
    pub(in crate::batch) lingering: Option<u64>,
    /// It stands among those that share entries.
    pub(in crate::batch) shared: bool,
}

impl Chain {
    fn new(key: Option<Key>, hash_key: HashKey, lane: LaneId) -> Self {
        Self {
            key,
            hash_key,
            lane,
            queue: VecDeque::new(),
            bytes: 0,
            busy: false,
            failed: None,
            tokens: 0,
            lingering: None,
            shared: false,
        }
    }

    pub(in crate::batch) fn push(&mut self, held: Held) {
        self.bytes += held.bytes;
        self.queue.push_back(held);
    }

    pub(in crate::batch) fn is_loose(&self) -> bool {
        self.key.is_none()
    }

    /// Tells whether nothing waits in it or for it.
    fn is_idle(&self) -> bool {
        !(self.is_loose() || self.busy || self.failed.is_some() || self.tokens > 0 || self.shared)
            && self.queue.is_empty()
    }
}

/// All chains, by key. The places of those that were forgotten are used again.
pub(in crate::batch) struct Chains {
    places: Vec<Chain>,
    free: Vec<ChainId>,
    // Seeded anew for each sink: whoever makes up keys cannot make them collide.
    by_key: HashMap<Key, ChainId, RandomState>,
    /// How many chains are idle.
    idle: usize,
}

/// How many idle chains are kept, of some 300 bytes: a key that comes again soon then costs one look-up, and none to
/// forget it.
const KEPT_IDLE: usize = 8192;

/// How many messages the queue of an idle chain has room for; a longer one gives its memory back.
const KEPT_CAPACITY: usize = 16;

impl Chains {
    pub(in crate::batch) fn new() -> Self {
        let loose = Chain::new(None, HashKey::MIN, LaneId(0));
        Self { places: vec![loose], free: Vec::new(), by_key: HashMap::default(), idle: 0 }
    }

    /// Returns the chain of a key, for a message of it; made where there is none, with where it lands.
    pub(in crate::batch) fn of(&mut self, key: &Key, land: impl FnOnce() -> (HashKey, LaneId)) -> ChainId {
        if let Some(id) = self.by_key.get(key) {
            self.idle -= usize::from(self.places[id.0 as usize].is_idle());
            return *id;
        }
        let (hash_key, lane) = land();
        let chain = Chain::new(Some(key.clone()), hash_key, lane);
        let id = if let Some(id) = self.free.pop() {
            // The queue of the one before it has memory.
            let queue = std::mem::take(&mut self.get(id).queue);
            *self.get(id) = Chain { queue, ..chain };
            id
        } else {
            self.places.push(chain);
            ChainId((self.places.len() - 1) as u32)
        };
        self.by_key.insert(key.clone(), id);
        id
    }

    /// Returns the chain of a key that is unsettled.
    pub(in crate::batch) fn find(&self, key: &Key) -> Option<ChainId> {
        self.by_key.get(key).copied()
    }

    /// Returns where the key of a chain lands.
    pub(in crate::batch) fn lands(&self, id: ChainId) -> (HashKey, LaneId) {
        let chain = &self.places[id.0 as usize];
        (chain.hash_key, chain.lane)
    }

    /// Takes every chain off the queues that it stands in, with its lane by the map, and tells which chains there are
    /// and which of them were idle.
    pub(in crate::batch) fn take_off_queues(&mut self, map: &ShardMap) -> Vec<(ChainId, bool)> {
        let chains = self.each().map(|(id, chain)| {
            let was_idle = chain.is_idle();
            (chain.tokens, chain.lingering, chain.shared) = (0, None, false);
            if !chain.is_loose() && map.is_routed() {
                chain.lane = map.lane_of(chain.hash_key);
            }
            (id, was_idle)
        });
        chains.collect()
    }

    /// Returns all chains, those that are forgotten too.
    pub(in crate::batch) fn each(&mut self) -> impl Iterator<Item = (ChainId, &mut Chain)> {
        self.places.iter_mut().enumerate().map(|(place, chain)| (ChainId(place as u32), chain))
    }

    #[cfg(test)]
    pub(in crate::batch) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Returns the messages of a chain.
    pub(in crate::batch) fn queue(&self, id: ChainId) -> &VecDeque<Held> {
        &self.places[id.0 as usize].queue
    }

    pub(in crate::batch) fn get(&mut self, id: ChainId) -> &mut Chain {
        &mut self.places[id.0 as usize]
    }

    /// Takes notice that a chain may be idle now. Once too many are, all of them are forgotten at once, so that each
    /// costs the same however many there are.
    pub(in crate::batch) fn note_idle(&mut self, id: ChainId) {
        let chain = self.get(id);
        if !chain.is_idle() {
            return;
        }
        if chain.queue.capacity() > KEPT_CAPACITY {
            chain.queue = VecDeque::new();
        }
        self.idle += 1;
        if self.idle > KEPT_IDLE.max(self.by_key.len() / 2) {
            self.forget_idle();
        }
    }

    fn forget_idle(&mut self) {
        let Self { places, free, by_key, idle } = self;
        by_key.retain(|_, id| {
            let chain = &mut places[id.0 as usize];
            let keep = !chain.is_idle();
            if !keep {
                chain.lingering = None;
                free.push(*id);
            }
            keep
        });
        *idle = 0;
    }

    /// Takes every queued message out, of all chains.
    pub(in crate::batch) fn drain(&mut self) -> impl Iterator<Item = Held> {
        self.places.iter_mut().flat_map(|chain| {
            chain.bytes = 0;
            chain.queue.drain(..)
        })
    }
}
