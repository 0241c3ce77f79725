//! Fills a request from the lanes, in turns.

use tokio::time::Instant;

use crate::batch::backlog::Backlog;
use crate::batch::framer::{Filling, Framed};
use crate::batch::lane::{random_key, random_within};
use crate::batch::map::LaneId;
use crate::batch::queue::{Patience, Queue};
use crate::batch::unsettled::{ChainId, ChainIds, Messages, Unsettled, Waiting};
use crate::batch::{Allowance, Entry, LaneLimit};
use crate::{HashKey, Key, ShardId};

/// What a request has room for.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

/// What goes into a request.
#[derive(Default)]
pub(super) struct Packed {
    pub(super) entries: Vec<Entry>,
    pub(super) unsettled: Vec<Unsettled>,
    /// The lanes that its entries go by, each once.
    pub(super) lanes: Vec<LaneId>,
    bytes: usize,
    /// Its number, by which a lane knows that it is in `lanes`.
    number: u64,
}

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Turn {
    Lane(LaneId),
    /// The messages without a key.
    Loose,
}

impl Backlog {
    /// Fills a request. Lanes take turns, and none gets more than its part of the room before the others had theirs.
    pub(super) fn pack(&mut self, patience: Patience, room: Room) -> Option<Packed> {
        self.requests += 1;
        let mut packed = Packed { number: self.requests, ..Packed::default() };
        let turns = self.turns();
        let busy = (0..turns).filter(|turn| self.waits(*turn)).count();
        let part = room.records.div_ceil(busy.max(1));
        let mut fruitless = 0;
        while fruitless < turns && packed.entries.len() < room.records {
            let before = packed.entries.len();
            let has_room = match self.turn_at(self.turn % turns) {
                Turn::Lane(id) => self.pack_lane(id, patience, room, part, &mut packed),
                Turn::Loose => self.pack_loose(patience, room, part, &mut packed),
            };
            if !has_room {
                break;
            }
            fruitless = if packed.entries.len() > before { 0 } else { fruitless + 1 };
            self.turn = (self.turn + 1) % turns;
        }
        (!packed.entries.is_empty()).then_some(packed)
    }

    /// Returns how many full entries may go, and their bytes.
    pub(super) fn sendable(&mut self, now: Instant) -> (usize, usize) {
        let (size, window) = (self.framer.size(), self.window());
        let (mut records, mut bytes) = self.loose.sendable(size);
        for place in 0..self.map.open().len() {
            let id = self.map.open()[place];
            let lane = &mut self.lanes[id.0 as usize];
            let full = lane.queue.sendable(size);
            if full.0 > 0 {
                let allowed = lane.allowance(now, window, None);
                records += full.0.min(allowed.0);
                bytes += full.1.min(allowed.1);
            }
        }
        (records, bytes)
    }

    /// Returns when the first entry may go that has lingered enough; `None` while none may go before an answer comes.
    pub(super) fn due(&mut self, patience: Patience) -> Option<Instant> {
        let window = self.window();
        let loose = self.loose.since().map(|since| patience.end(since));
        let mut due: Option<Instant> = None;
        for place in 0..self.map.open().len() {
            let id = self.map.open()[place];
            let lane = &mut self.lanes[id.0 as usize];
            let since = lane.queue.since().map(|since| patience.end(since));
            // A message without a key may go by any lane.
            let Some(from) = [since, loose].into_iter().flatten().min() else { continue };
            due = [due, lane.next(from, patience.now, window)].into_iter().flatten().min();
        }
        due
    }

    /// Returns what the lanes that have something to send ask for of a limit that is shared.
    pub(super) fn wants(&mut self, now: Instant) -> Vec<(LaneId, ShardId, LaneLimit, Allowance)> {
        let loose = self.loose.since().is_some();
        let Self { map, lanes, .. } = self;
        let wants = map.open().iter().filter_map(|id| {
            let lane = &mut lanes[id.0 as usize];
            if !loose && lane.queue.since().is_none() {
                return None;
            }
            let (limit, wanted) = lane.limiter.as_mut()?.wants(now)?;
            Some((*id, map.range(*id).id.clone(), limit, wanted))
        });
        wants.collect()
    }

    /// Tells whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.loose.since().is_none() && self.lanes.iter().all(|lane| lane.queue.since().is_none())
    }

    /// Takes notice that a request is answered.
    pub(super) fn land_flight(&mut self, lanes: &[LaneId], now: Instant) {
        for id in lanes {
            self.lane(*id).land_flight(now);
        }
    }

    /// Returns how many requests in flight may hold entries of one lane: one fewer than all, so that a shard that is
    /// slow to answer never holds up the others.
    fn window(&self) -> usize {
        let all = self.rules.max_in_flight;
        if self.map.open().len() > 1 { all.saturating_sub(1).max(1) } else { all }
    }

    fn turns(&self) -> usize {
        self.map.open().len() + usize::from(self.routing.is_some())
    }

    fn turn_at(&self, turn: usize) -> Turn {
        self.map.open().get(turn).map_or(Turn::Loose, |id| Turn::Lane(*id))
    }

    fn waits(&self, turn: usize) -> bool {
        match self.turn_at(turn) {
            Turn::Lane(id) => self.lanes[id.0 as usize].queue.since().is_some(),
            Turn::Loose => self.loose.since().is_some(),
        }
    }

    /// Packs what may go by a lane. Tells whether the request has room for more.
    fn pack_lane(
        &mut self,
        id: LaneId,
        patience: Patience,
        room: Room,
        part: usize,
        packed: &mut Packed,
    ) -> bool {
        let (window, packing) = (self.window(), Some(packed.number));
        for _ in 0..part.min(room.records - packed.entries.len()) {
            if self.lanes[id.0 as usize].queue.since().is_none()
                || self.lane(id).allowance(patience.now, window, packing).0 == 0
            {
                return true;
            }
            let Some(waiting) = self.next_of(id, patience) else { return true };
            if let Some(waiting) = self.put(waiting, patience.now, room, packed) {
                self.lane(id).queue.unpop(waiting);
                return false;
            }
        }
        true
    }

    /// Packs messages without a key, each entry by a lane that has room.
    fn pack_loose(&mut self, patience: Patience, room: Room, part: usize, packed: &mut Packed) -> bool {
        let (window, packing) = (self.window(), Some(packed.number));
        let first = fastrand::usize(0..self.map.open().len());
        let most = part.min(room.records - packed.entries.len());
        for nth in first..first + most {
            if self.loose.since().is_none() {
                return true;
            }
            let Some(id) = self.free_lane(nth, patience.now, window, packing) else { return true };
            let Some(waiting) = self.next_loose(id, patience) else { return true };
            if let Some(waiting) = self.put(waiting, patience.now, room, packed) {
                self.lane(id).queue.unpop(waiting);
                return false;
            }
        }
        true
    }

    /// Returns a lane that has room, the first from one on.
    fn free_lane(
        &mut self,
        first: usize,
        now: Instant,
        window: usize,
        packing: Option<u64>,
    ) -> Option<LaneId> {
        let Self { map, lanes, .. } = self;
        let open = map.open();
        let mut turns = (0..open.len()).map(|nth| open[(first + nth) % open.len()]);
        turns.find(|id| lanes[id.0 as usize].allowance(now, window, packing).0 > 0)
    }

    /// Puts an entry into a request, or returns it where there is no room for it.
    fn put(&mut self, waiting: Waiting, now: Instant, room: Room, packed: &mut Packed) -> Option<Waiting> {
        let Waiting { entry, mut unsettled, since } = waiting;
        let bytes = entry.bytes();
        // One entry alone always goes: a request limit below the record limit would hold it for ever.
        if packed.bytes + bytes > room.bytes && !packed.entries.is_empty() {
            return Some(Waiting { entry, unsettled, since });
        }
        let id = unsettled.lane;
        let lane = self.lane(id);
        lane.take(bytes);
        if std::mem::replace(&mut lane.request, packed.number) != packed.number {
            lane.flights += 1;
            packed.lanes.push(id);
        }
        packed.bytes += bytes;
        unsettled.attempts += 1;
        if unsettled.first_attempt.replace(unsettled.first_attempt.unwrap_or(now)).is_none() {
            unsettled.queued = now.saturating_duration_since(since);
        }
        packed.entries.push(entry);
        packed.unsettled.push(unsettled);
        None
    }

    /// Takes the entry that goes next by a lane. Part-filled ones are taken only once they have lingered; one that has
    /// goes before the full ones, or else it would wait for as long as there are any.
    fn next_of(&mut self, lane: LaneId, patience: Patience) -> Option<Waiting> {
        if let Some(waiting) = self.lane(lane).queue.pop_ready() {
            return Some(waiting);
        }
        let size = self.framer.size();
        while self.lane(lane).queue.shares(patience, size) {
            if let Some(waiting) = self.take_shared(lane) {
                return Some(waiting);
            }
        }
        self.next_alone(Turn::Lane(lane), lane, patience)
    }

    fn next_loose(&mut self, lane: LaneId, patience: Patience) -> Option<Waiting> {
        self.next_alone(Turn::Loose, lane, patience)
    }

    fn next_alone(&mut self, turn: Turn, lane: LaneId, patience: Patience) -> Option<Waiting> {
        let lingering = Patience { hurry: false, ..patience };
        if let Some(waiting) = self.next_lingering(turn, lane, lingering) {
            return Some(waiting);
        }
        while let Some(id) = self.queue(turn).pop_full() {
            self.chains.get(id).tokens -= 1;
            if let Some(waiting) = self.take(id, lane) {
                return Some(waiting);
            }
        }
        self.next_lingering(turn, lane, patience)
    }

    fn next_lingering(&mut self, turn: Turn, lane: LaneId, patience: Patience) -> Option<Waiting> {
        while let Some((id, stamp)) = self.queue(turn).pop_lingering(patience) {
            if self.chains.get(id).lingering == Some(stamp)
                && let Some(waiting) = self.take(id, lane)
            {
                return Some(waiting);
            }
        }
        None
    }

    fn queue(&mut self, turn: Turn) -> &mut Queue {
        match turn {
            Turn::Lane(id) => &mut self.lanes[id.0 as usize].queue,
            Turn::Loose => &mut self.loose,
        }
    }

    /// Makes the next entry of one chain.
    fn take(&mut self, id: ChainId, lane: LaneId) -> Option<Waiting> {
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
        let since = chain.queue.front().map(|head| head.since);
        let generated = if chain.is_loose() { Some(self.generated_key(lane)) } else { None };
        let chain = self.chains.get(id);
        let framed = self.framer.take(&mut chain.queue, &self.pool, || generated.unwrap_or_else(random_key));
        let (Some(Framed { entry, messages, bytes }), Some(since)) = (framed, since) else {
            self.chains.note_idle(id);
            return None;
        };
        let chain = self.chains.get(id);
        chain.bytes -= bytes;
        let is_loose = chain.is_loose();
        if ordered {
            chain.busy = true;
        } else {
            self.offer(id);
            self.chains.note_idle(id);
        }
        let shared = is_loose && self.framer.shares() && matches!(messages, Messages::Many(_));
        let entry = if shared { self.keyed_by_hash(entry) } else { entry };
        let unsettled = Unsettled::new(messages, ChainIds::One(id), lane, shared);
        Some(Waiting { entry, unsettled, since })
    }

    /// Returns a key that lands on the shard of a lane, for messages that have none. Those that share a record which
    /// carries keys have the same, because it is written into the record.
    pub(super) fn generated_key(&mut self, id: LaneId) -> Key {
        let shards = self.map.open().len();
        match &self.routing {
            None => random_key(),
            Some(routing) if self.framer.shares() => {
                self.lanes[id.0 as usize].generated(self.map.range(id), shards, &**routing)
            }
            Some(_) if shards == 1 => random_key(),
            Some(_) => random_key().hashed(random_within(self.map.range(id))),
        }
    }

    fn keyed_by_hash(&self, entry: Entry) -> Entry {
        let hash_key = self.routing.as_ref().map_or(HashKey::MIN, |routing| routing.hash_key(&entry.key));
        Entry { key: self.framer.shared_key(&entry.key, hash_key), ..entry }
    }

    /// Makes the next entry of the chains of a lane that share entries, those first whose messages came first.
    fn take_shared(&mut self, lane: LaneId) -> Option<Waiting> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        let mut filling = Filling::default();
        let mut ids = Vec::new();
        let mut since = None;
        while let Some(id) = self.lane(lane).queue.pop_shared() {
            let chain = self.chains.get(id);
            let (messages, bytes) = (chain.queue.len(), chain.bytes);
            chain.shared = false;
            self.lane(lane).queue.shrink_shared(messages, bytes);
            let chain = self.chains.get(id);
            let (Some(head), Some(key)) = (chain.queue.front().copied(), chain.key.clone()) else {
                self.chains.note_idle(id);
                continue;
            };
            let before = filling.bytes();
            let has_room = self.framer.fill(&mut filling, &mut chain.queue, &key, &self.pool);
            if chain.queue.len() < messages {
                since.get_or_insert(head.since);
                ids.push((id, key));
                chain.bytes -= filling.bytes() - before;
            }
            self.after_sharing(id, messages);
            if !has_room {
                break;
            }
        }
        let (first, first_key) = ids.first().cloned()?;
        let (hash_key, _) = self.chains.lands(first);
        let Framed { mut entry, messages, .. } = self.framer.finish(filling, first_key);
        let shared = matches!(messages, Messages::Many(_));
        if shared {
            entry.key = self.framer.shared_key(&entry.key, hash_key);
        }
        let chains = match ids.len() {
            1 => ChainIds::One(first),
            _ => ChainIds::Many(ids.into_iter().map(|(id, _)| id).collect()),
        };
        let since = since.unwrap_or_else(Instant::now);
        Some(Waiting { entry, unsettled: Unsettled::new(messages, chains, lane, shared), since })
    }

    /// Has a chain wait for its entry, if it is in one, or for the next.
    fn after_sharing(&mut self, id: ChainId, before: usize) {
        let ordered = self.is_ordered(id);
        let chain = self.chains.get(id);
        if ordered && chain.queue.len() < before {
            chain.busy = true;
        } else {
            self.offer(id);
            self.chains.note_idle(id);
        }
    }
}
