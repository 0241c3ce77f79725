//! Makes the entry that goes next by a lane.

use tokio::time::Instant;

use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::chain::Chain;
use crate::batch::lanes::framer::{Filling, Framed};
use crate::batch::lanes::lane::{random_key, random_within};
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::pack::{Packed, Turn};
use crate::batch::lanes::queue::{Patience, Queue};
use crate::batch::lanes::unsettled::{ChainId, ChainIds, Messages, Unsettled};
use crate::batch::{Entry, Ordering};
use crate::{HashKey, Key};

impl Backlog {
    /// Adds the entry that goes next by a lane, and tells whether there was one. Part-filled ones are taken only once they
    /// have lingered; one that has goes before the full ones, or else it would wait for as long as there are any.
    pub(in crate::batch) fn next_of(
        &mut self,
        lane: LaneId,
        patience: Patience,
        packed: &mut Packed,
    ) -> bool {
        if let Some(waiting) = self.lane(lane).queue.pop_ready() {
            packed.add(waiting.entry, waiting.unsettled);
            return true;
        }
        let size = self.framer.size();
        while self.lane(lane).queue.shares(patience, size) {
            if self.take_shared(lane, packed) {
                return true;
            }
        }
        self.next_alone(Turn::Lane(lane), lane, patience, packed)
    }

    /// Adds the entry of messages without a key that goes next, by a lane.
    pub(in crate::batch) fn next_loose(
        &mut self,
        lane: LaneId,
        patience: Patience,
        packed: &mut Packed,
    ) -> bool {
        self.next_alone(Turn::Loose, lane, patience, packed)
    }

    fn next_alone(&mut self, turn: Turn, lane: LaneId, patience: Patience, packed: &mut Packed) -> bool {
        let lingering = Patience { hurry: false, ..patience };
        if self.next_lingering(turn, lane, lingering, packed) {
            return true;
        }
        while let Some(id) = self.queue(turn).pop_full() {
            self.chains.get(id).tokens -= 1;
            if self.take(id, lane, packed) {
                return true;
            }
        }
        self.next_lingering(turn, lane, patience, packed)
    }

    fn next_lingering(&mut self, turn: Turn, lane: LaneId, patience: Patience, packed: &mut Packed) -> bool {
        while let Some((id, stamp)) = self.queue(turn).pop_lingering(patience) {
            if self.chains.get(id).lingering == Some(stamp) && self.take(id, lane, packed) {
                return true;
            }
        }
        false
    }

    fn queue(&mut self, turn: Turn) -> &mut Queue {
        match turn {
            Turn::Lane(id) => &mut self.lanes[id.0 as usize].queue,
            Turn::Loose => &mut self.loose,
        }
    }

    /// Adds the next entry of one chain, and tells whether there was one.
    fn take(&mut self, id: ChainId, lane: LaneId, packed: &mut Packed) -> bool {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        let per_key = self.rules.ordering == Ordering::PerKey;
        let chain = self.chains.get(id);
        if chain.busy {
            return false;
        }
        chain.lingering = None;
        let Some(since) = chain.queue.front().map(|head| head.since) else {
            self.chains.note_idle(id);
            return false;
        };
        let is_loose = chain.is_loose();
        let generated = if is_loose { Some(self.generated_key(lane)) } else { None };
        let chain = self.chains.get(id);
        let generate = || generated.unwrap_or_else(random_key);
        let Some(framed) = self.framer.take(&mut chain.queue, is_loose, &mut self.pool, generate) else {
            self.chains.note_idle(id);
            return false;
        };
        let Framed { entry, messages, bytes, sealed } = framed;
        chain.bytes -= bytes;
        if per_key && !is_loose {
            chain.busy = true;
        } else {
            self.offer(id);
            self.chains.note_idle(id);
        }
        let shared = is_loose && self.framer.shares() && matches!(messages, Messages::Many(_));
        let entry = if shared { self.keyed_by_hash(entry) } else { entry };
        packed.add_framed(entry, Unsettled::new(messages, ChainIds::One(id), lane, shared, since), sealed);
        true
    }

    /// Returns a key that lands on the shard of a lane, for messages that have none. Those that share a record which
    /// carries keys have the same, because it is written into the record.
    pub(in crate::batch) fn generated_key(&mut self, id: LaneId) -> Key {
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

    /// Adds the next entry of the chains of a lane that share entries, those first whose messages came first. Tells whether
    /// there was one.
    fn take_shared(&mut self, lane: LaneId, packed: &mut Packed) -> bool {
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
            let Chain { key: Some(key), queue, bytes: left, .. } = self.chains.get(id) else { continue };
            let Some(head) = queue.front().copied() else {
                self.chains.note_idle(id);
                continue;
            };
            let before = filling.bytes();
            let has_room = self.framer.fill(&mut filling, queue, key, &self.pool);
            if queue.len() < messages {
                since.get_or_insert(head.since);
                ids.push(id);
                *left -= filling.bytes() - before;
            }
            self.after_sharing(id, messages);
            if !has_room {
                break;
            }
        }
        let Some(&first) = ids.first() else { return false };
        let (hash_key, _) = self.chains.lands(first);
        let Some(first_key) = self.chains.get(first).key.clone() else { return false };
        let Framed { mut entry, messages, sealed, .. } = self.framer.finish(filling, first_key);
        let shared = matches!(messages, Messages::Many(_));
        if shared {
            entry.key = self.framer.shared_key(&entry.key, hash_key);
        }
        let chains = match ids.len() {
            1 => ChainIds::One(first),
            _ => ChainIds::Many(ids),
        };
        let since = since.unwrap_or_else(Instant::now);
        packed.add_framed(entry, Unsettled::new(messages, chains, lane, shared, since), sealed);
        true
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
