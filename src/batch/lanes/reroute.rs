//! Moves what waits to other lanes when the shards change.

use tokio::time::Instant;

use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::pool::Place;
use crate::batch::lanes::unsettled::{ChainId, ChainIds, Messages, Unsettled, Waiting};
use crate::batch::{Entry, ShardRange};
use crate::{HashKey, Key, Result, ShardId};

impl Backlog {
    /// Learns which shards there are, and moves what waits to their lanes if others are open than before.
    ///
    /// # Errors
    ///
    /// Where the open shards do not cover every hash key once; nothing moves then.
    pub(in crate::batch) fn learn(&mut self, listed: Vec<ShardRange>, now: Instant) -> Result<bool> {
        let changed = self.map.update(listed);
        self.open_lanes(now);
        if matches!(changed, Ok(true)) {
            self.requeue();
        }
        changed
    }

    /// Queues an entry whose backoff is over, by the lane that its key has now. It waits for company as a new one
    /// does, or else every entry of a throttled request would come back alone.
    pub(in crate::batch) fn push_retry(&mut self, waiting: Waiting) {
        self.moving.push_back(waiting);
        self.move_on();
    }

    /// Queues the entries that are on their way. Each stays where it is found until the routing, which may panic, has said
    /// where it lands.
    pub(in crate::batch) fn move_on(&mut self) {
        while let Some(Waiting { entry, unsettled }) = self.moving.front() {
            let lane = if self.map.is_open(unsettled.lane) {
                Some(unsettled.lane)
            } else if self.is_whole(unsettled) {
                Some(self.land(&entry.key).1)
            } else {
                None
            };
            let Some(mut waiting) = self.moving.pop_front() else { return };
            if let Some(lane) = lane {
                waiting.unsettled.lane = lane;
                self.lane(lane).queue.push_ready(waiting);
                continue;
            }
            for part in self.reroute(waiting) {
                self.lane(part.unsettled.lane).queue.push_ready(part);
            }
        }
    }

    /// Tells whether an entry goes whole. What was framed by another framing cannot be taken apart.
    fn is_whole(&self, unsettled: &Unsettled) -> bool {
        !unsettled.shared || !self.framer.shares()
    }

    /// Splits an entry by the lanes that its messages have now; in their order.
    pub(in crate::batch) fn reroute(&mut self, waiting: Waiting) -> Vec<Waiting> {
        let Waiting { entry, mut unsettled } = waiting;
        if self.is_whole(&unsettled) {
            unsettled.lane = self.land(&entry.key).1;
            return vec![Waiting { entry, unsettled }];
        }
        // Where there is no order, chains are forgotten before their messages are settled; keys are not.
        let groups = if self.has_keys(&unsettled.messages) {
            self.by_lane(&unsettled.messages)
        } else {
            let open = self.map.open();
            let any = open[fastrand::usize(0..open.len())];
            vec![(any, unsettled.messages.each().collect())]
        };
        let parts = groups.into_iter().map(|(lane, places)| {
            let (entry, messages, chains) = self.frame_again(lane, places);
            let shared = matches!(messages, Messages::Many(_));
            let part = Unsettled {
                attempts: unsettled.attempts,
                first_attempt: unsettled.first_attempt,
                queued: unsettled.queued,
                maybe_stored: unsettled.maybe_stored,
                ..Unsettled::new(messages, chains, lane, shared, unsettled.since)
            };
            Waiting { entry, unsettled: part }
        });
        parts.collect()
    }

    /// Tells whether an entry landed where it was sent. Nothing is expected where it is not known where keys land.
    pub(in crate::batch) fn is_expected(&self, unsettled: &Unsettled, landed: &str) -> bool {
        !self.map.is_routed() || self.map.range(unsettled.lane).id.as_str() == landed
    }

    /// Tells whether a shard holds every message of an entry; `None` where the shard is not known. One message, or those
    /// of one key, belong wherever they land.
    pub(in crate::batch) fn holds(
        &self,
        shard: &ShardId,
        entry: &Entry,
        unsettled: &Unsettled,
    ) -> Option<bool> {
        if !unsettled.shared {
            return Some(true);
        }
        let range = self.map.find(shard)?;
        let mut hash_keys = unsettled.messages.each().map(|place| self.hash_key_of(place, entry));
        Some(hash_keys.all(|hash_key| range.holds(hash_key)))
    }

    /// Returns where a message lands; one without a key lands where its entry does.
    fn hash_key_of(&self, place: Place, entry: &Entry) -> HashKey {
        let own = self.pool.get(place).and_then(|accepted| accepted.key()).map(|key| self.land(key).0);
        own.unwrap_or_else(|| self.land(&entry.key).0)
    }

    fn has_keys(&self, messages: &Messages) -> bool {
        messages.each().any(|place| self.pool.get(place).is_some_and(|accepted| accepted.key().is_some()))
    }

    fn by_lane(&self, messages: &Messages) -> Vec<(LaneId, Vec<Place>)> {
        let mut groups: Vec<(LaneId, Vec<Place>)> = Vec::new();
        for place in messages.each() {
            let Some(key) = self.pool.get(place).and_then(|accepted| accepted.key()) else { continue };
            let lane = self.land(key).1;
            match groups.iter_mut().find(|(group, _)| *group == lane) {
                Some((_, places)) => places.push(place),
                None => groups.push((lane, vec![place])),
            }
        }
        groups
    }

    /// Frames messages of one lane that were in one entry before.
    fn frame_again(&mut self, lane: LaneId, places: Vec<Place>) -> (Entry, Messages, ChainIds) {
        let keyless = self.generated_key(lane);
        let keys: Vec<&Key> = places
            .iter()
            .map(|place| self.pool.get(*place).and_then(|each| each.key()).unwrap_or(&keyless))
            .collect();
        let mut ids: Vec<ChainId> =
            keys.iter().map(|key| self.chains.find(key).unwrap_or(ChainId::LOOSE)).collect();
        ids.sort_unstable();
        ids.dedup();
        let first = keys.first().map_or_else(|| keyless.clone(), |key| (*key).clone());
        let messages = places.iter().filter_map(|place| self.pool.get(*place)).map(|each| &each.message);
        let data = self.framer.reframe(keys.into_iter().zip(messages));
        let chains = match *ids {
            [id] => ChainIds::One(id),
            _ => ChainIds::Many(ids),
        };
        let hash_key = self.land(&first).0;
        let (messages, key) = match *places {
            [place] => (Messages::One(place), first),
            _ => (Messages::Many(places), self.framer.shared_key(&first, hash_key)),
        };
        (Entry { data, key }, messages, chains)
    }
}
