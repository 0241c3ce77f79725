//! Makes the entry that goes next by a lane.

use tokio::time::Instant;

use crate::batch::Entry;
use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::framer::{Filling, Framed};
use crate::batch::lanes::lane::{random_key, random_within};
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::pack::Turn;
use crate::batch::lanes::queue::{Patience, Queue};
use crate::batch::lanes::unsettled::{ChainId, ChainIds, Messages, Unsettled, Waiting};
use crate::{HashKey, Key};

impl Backlog {
    /// Takes the entry that goes next by a lane. Part-filled ones are taken only once they have lingered; one that has
    /// goes before the full ones, or else it would wait for as long as there are any.
    pub(in crate::batch) fn next_of(&mut self, lane: LaneId, patience: Patience) -> Option<Waiting> {
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

    pub(in crate::batch) fn next_loose(&mut self, lane: LaneId, patience: Patience) -> Option<Waiting> {
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
