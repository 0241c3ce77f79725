//! What was accepted and is not settled: the chains of messages, and the lanes that they go by.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::batch::lanes::accepted::Accepted;
use crate::batch::lanes::chain::{Chains, Held};
use crate::batch::lanes::framer::Framer;
use crate::batch::lanes::lane::Lane;
use crate::batch::lanes::limiter::Limiter;
use crate::batch::lanes::map::{LaneId, ShardMap};
use crate::batch::lanes::pool::{Place, Pool};
use crate::batch::lanes::queue::{FrameSize, Queue};
use crate::batch::lanes::unsettled::{ChainId, ChainIds, Waiting};
use crate::batch::meters::Meters;
use crate::batch::{LaneLimit, Ordering, Routing};
use crate::codec::Framing;
use crate::{HashKey, Key};

/// What was accepted and is not settled.
///
/// Messages queue in chains, one per key, and become an entry only when it is packed, so that a frame grows while its
/// key is busy. Each chain belongs to the lane of the shard that its key lands on; the lane's queues name the chains
/// whose next entry may go. Every step costs the same however much is queued.
pub(in crate::batch) struct Backlog {
    /// Every message that is unsettled, those in flight included.
    pub(in crate::batch) pool: Pool,
    pub(in crate::batch) chains: Chains,
    pub(in crate::batch) framer: Framer,
    pub(in crate::batch) map: ShardMap,
    /// One for each shard of the map.
    pub(in crate::batch) lanes: Vec<Lane>,
    /// Messages without a key, where keys have lanes: they go where there is room.
    pub(in crate::batch) loose: Queue,
    pub(in crate::batch) routing: Option<Arc<dyn Routing>>,
    pub(in crate::batch) rules: Rules,
    /// Whose turn it is to be packed.
    pub(in crate::batch) turn: usize,
    /// How many requests were packed.
    pub(in crate::batch) requests: u64,
    /// How many entries the last of them had.
    pub(in crate::batch) packed: usize,
    stamps: u64,
    /// Entries on their way to other lanes.
    pub(in crate::batch) moving: VecDeque<Waiting>,
    /// Chains that failed, until what failed was taken.
    failed: Vec<ChainId>,
    /// How many of `failed` were there when the handles were last told of what is settled.
    known_failed: usize,
    /// Chains that failed and whose messages were told so elsewhere, until what was accepted by then is settled.
    told: Vec<ChainId>,
    epoch: Instant,
    meters: Arc<Meters>,
    #[cfg(test)]
    pub(in crate::batch) steps: u64,
}

/// What a backlog goes by.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Rules {
    pub(in crate::batch) ordering: Ordering,
    pub(in crate::batch) lane_limit: Option<LaneLimit>,
    /// The limit is shared with other sinks.
    pub(in crate::batch) shared_limit: bool,
    pub(in crate::batch) max_in_flight: usize,
}

impl Backlog {
    pub(in crate::batch) fn new(
        rules: Rules,
        size: FrameSize,
        record_bytes: usize,
        routing: Option<(Arc<dyn Routing>, ShardMap)>,
        meters: Arc<Meters>,
        now: Instant,
    ) -> Self {
        let (routing, map) = routing.unzip();
        let mut backlog = Self {
            pool: Pool::default(),
            chains: Chains::new(),
            framer: Framer::new(size, record_bytes, routing.is_some()),
            map: map.unwrap_or_else(ShardMap::unrouted),
            lanes: Vec::new(),
            loose: Queue::default(),
            routing,
            rules,
            turn: 0,
            requests: 0,
            packed: 0,
            stamps: 0,
            moving: VecDeque::new(),
            failed: Vec::new(),
            known_failed: 0,
            told: Vec::new(),
            epoch: now,
            meters,
            #[cfg(test)]
            steps: 0,
        };
        backlog.open_lanes(now);
        backlog
    }

    /// Opens a lane to each shard that has none.
    pub(in crate::batch) fn open_lanes(&mut self, now: Instant) {
        while self.lanes.len() < self.map.len() {
            let limiter = self
                .rules
                .lane_limit
                .map(|limit| Limiter::new(limit, self.rules.shared_limit, now, self.epoch));
            let shard = self.map.range(LaneId(self.lanes.len() as u32));
            self.lanes.push(Lane::new(limiter, self.meters.lane(&shard.id)));
        }
    }

    pub(in crate::batch) fn lane(&mut self, id: LaneId) -> &mut Lane {
        &mut self.lanes[id.0 as usize]
    }

    pub(in crate::batch) fn set_framing(&mut self, framing: Arc<dyn Framing>, frame_size: usize) {
        self.framer.set_framing(framing, frame_size);
        self.requeue();
    }

    /// Queues a message, or returns it where an earlier one of its key failed for good.
    pub(in crate::batch) fn push(&mut self, accepted: Accepted, since: Instant) -> Option<Accepted> {
        let has_chain = self.has_chain();
        // Before anything of the user's is called, which may panic.
        let place = self.pool.insert(accepted);
        let accepted = self.pool.get(place)?;
        let id = match accepted.key() {
            Some(key) if has_chain => {
                let Self { chains, routing, map, .. } = self;
                chains.of(key, || land(routing.as_deref(), map, key))
            }
            _ => ChainId::LOOSE,
        };
        let bytes = self.framer.len_in_entry(accepted);
        let chain = self.chains.get(id);
        if chain.failed.is_some_and(|until| accepted.turn < until) {
            return self.pool.remove(place);
        }
        chain.push(Held { place, bytes, since });
        if chain.shared {
            let lane = chain.lane;
            self.lane(lane).queue.grow_shared(1, bytes);
        } else {
            self.offer(id);
        }
        None
    }

    /// Tells whether messages that have a key queue by it.
    fn has_chain(&self) -> bool {
        self.rules.ordering == Ordering::PerKey || self.framer.joins() || self.routing.is_some()
    }

    /// Returns where a key lands.
    pub(in crate::batch) fn land(&self, key: &Key) -> (HashKey, LaneId) {
        match self.chains.find(key) {
            Some(id) => self.chains.lands(id),
            None => land(self.routing.as_deref(), &self.map, key),
        }
    }

    /// Lets the next entry of each key go: the one before it is settled.
    pub(in crate::batch) fn release(&mut self, ids: &ChainIds) {
        for id in ids.each() {
            if self.is_ordered(id) {
                self.chains.get(id).busy = false;
                self.offer(id);
                self.chains.note_idle(id);
            }
        }
    }

    /// Takes out the later messages of a key whose entry failed for good, and refuses more: until
    /// [`forgive`](Self::forgive), or, where the failure is told elsewhere, those that were accepted before `told`. There
    /// are none where the messages of the chain have no order.
    pub(in crate::batch) fn fail(&mut self, id: ChainId, told: Option<u64>) -> Vec<Place> {
        if !self.is_ordered(id) {
            return Vec::new();
        }
        let chain = self.chains.get(id);
        chain.failed = chain.failed.max(Some(told.unwrap_or(u64::MAX)));
        if told.is_some() {
            self.told.push(id);
        } else {
            self.failed.push(id);
        }
        let chain = self.chains.get(id);
        let (messages, bytes) = (chain.queue.len(), std::mem::take(&mut chain.bytes));
        let (shared, lane) = (chain.shared, chain.lane);
        let followers = chain.queue.drain(..).map(|held| held.place).collect();
        if shared {
            self.lane(lane).queue.shrink_shared(messages, bytes);
        }
        followers
    }

    /// Lets the keys go on that failed and were known to have.
    pub(in crate::batch) fn forgive(&mut self) {
        for id in self.failed.drain(..std::mem::take(&mut self.known_failed)).collect::<Vec<_>>() {
            if self.chains.get(id).failed.take().is_some() {
                self.chains.note_idle(id);
            }
        }
    }

    /// Takes notice that the handles know which keys failed. A flush that came before forgives those only
    /// that were known before.
    pub(in crate::batch) fn told_of_failures(&mut self, forgiven: bool) {
        if forgiven {
            self.forgive();
        }
        self.known_failed = self.failed.len();
    }

    /// Lets the keys go on whose failure was told elsewhere, once everything that was accepted before is queued.
    pub(in crate::batch) fn forgive_told(&mut self) {
        for id in std::mem::take(&mut self.told) {
            let chain = self.chains.get(id);
            if chain.failed.is_some_and(|until| until < u64::MAX) {
                chain.failed = None;
                self.chains.note_idle(id);
            }
        }
    }

    /// Takes everything out: the messages that are in no entry yet, then the entries.
    pub(in crate::batch) fn drain(&mut self) -> (Vec<Place>, VecDeque<Waiting>) {
        let mut entries = std::mem::take(&mut self.moving);
        for lane in &mut self.lanes {
            entries.extend(lane.queue.clear());
        }
        entries.extend(self.loose.clear());
        for (_, chain) in self.chains.each() {
            chain.shared = false;
        }
        (self.chains.drain().map(|held| held.place).collect(), entries)
    }

    /// Takes out a message that is settled; `None` if that was done before.
    pub(in crate::batch) fn remove(&mut self, place: Place) -> Option<Accepted> {
        self.pool.remove(place)
    }

    /// Takes every message out that is unsettled still.
    pub(in crate::batch) fn rest(&mut self) -> impl Iterator<Item = Accepted> {
        self.pool.drain()
    }

    /// Returns how many keys are remembered.
    #[cfg(test)]
    pub(in crate::batch) fn keys(&self) -> usize {
        self.chains.len()
    }

    /// Returns how large an entry of several messages is, where there are such.
    pub(in crate::batch) fn frame_size(&self) -> Option<FrameSize> {
        self.framer.joins().then(|| self.framer.size())
    }

    pub(in crate::batch) fn is_ordered(&self, id: ChainId) -> bool {
        self.rules.ordering == Ordering::PerKey && id != ChainId::LOOSE
    }

    /// Tells whether a chain shares its entries with others.
    pub(in crate::batch) fn shares(&self, id: ChainId) -> bool {
        self.framer.shares() && id != ChainId::LOOSE
    }

    /// Returns the queue that a chain stands in.
    pub(in crate::batch) fn queue_of(&mut self, id: ChainId) -> &mut Queue {
        if id == ChainId::LOOSE && self.routing.is_some() {
            return &mut self.loose;
        }
        let lane = self.chains.get(id).lane;
        &mut self.lane(lane).queue
    }

    /// Queues a chain for as many entries as its messages make.
    pub(in crate::batch) fn offer(&mut self, id: ChainId) {
        let chain = self.chains.get(id);
        let Some(head) = chain.queue.front().filter(|_| !chain.busy) else { return };
        let since = head.since;
        if self.shares(id) {
            let chain = self.chains.get(id);
            if !chain.shared {
                chain.shared = true;
                let (messages, bytes) = (chain.queue.len(), chain.bytes);
                self.queue_of(id).push_shared(id, since, messages, bytes);
            }
        } else {
            self.offer_alone(id, since);
        }
    }

    fn offer_alone(&mut self, id: ChainId, since: Instant) {
        let ordered = self.is_ordered(id);
        let (joins, size) = (self.framer.joins(), self.framer.size());
        let chain = self.chains.get(id);
        if !joins && ordered {
            // Each message is an entry, and the next one waits for it.
            if chain.tokens == 0 {
                chain.tokens = 1;
                chain.lingering = None;
                let bytes = chain.queue[0].bytes;
                self.queue_of(id).push_full(id, since, bytes);
            }
            return;
        }
        let (messages, bytes) = (chain.queue.len(), chain.bytes);
        let most = if ordered { 1 } else { messages };
        while let chain = self.chains.get(id)
            && chain.tokens < most
            && self.framer.fills(chain.tokens + 1, messages, bytes)
        {
            let held = chain.queue[chain.tokens];
            let (bytes, since) = if joins { (size.bytes, since) } else { (held.bytes, held.since) };
            chain.tokens += 1;
            chain.lingering = None;
            self.queue_of(id).push_full(id, since, bytes);
        }
        let chain = self.chains.get(id);
        if chain.tokens == 0 && chain.lingering.is_none() {
            self.stamps += 1;
            let stamp = self.stamps;
            chain.lingering = Some(stamp);
            self.queue_of(id).push_lingering(id, stamp, since);
        }
    }

    /// Queues every chain anew, because its lane or its framing changed, and the entries that exist.
    pub(in crate::batch) fn requeue(&mut self) {
        for lane in &mut self.lanes {
            lane.forget_key();
            self.moving.extend(lane.queue.clear());
        }
        self.moving.extend(self.loose.clear());
        for (id, was_idle) in self.chains.take_off_queues(&self.map) {
            self.offer(id);
            if !was_idle {
                self.chains.note_idle(id);
            }
        }
        self.move_on();
    }
}

/// Returns where a key lands.
fn land(routing: Option<&dyn Routing>, map: &ShardMap, key: &Key) -> (HashKey, LaneId) {
    let Some(routing) = routing else { return (HashKey::MIN, LaneId(0)) };
    let hash_key = routing.hash_key(key);
    (hash_key, map.lane_of(hash_key))
}
