//! The sink's path to one shard.

use tokio::time::Instant;
use uuid::Uuid;

use crate::batch::lanes::limiter::Limiter;
use crate::batch::lanes::queue::Queue;
use crate::batch::meters::LaneMeters;
use crate::batch::{Routing, ShardRange};
use crate::{HashKey, Key};

/// The sink's path to one shard: what waits for it, and how fast that may go.
pub(in crate::batch) struct Lane {
    pub(in crate::batch) queue: Queue,
    /// `None` where the lane goes as fast as it is answered.
    pub(in crate::batch) limiter: Option<Limiter>,
    meters: LaneMeters,
    /// How many requests in flight, or being packed, hold entries of it.
    pub(in crate::batch) flights: usize,
    /// The number of the last of them.
    pub(in crate::batch) request: u64,
    /// A partition key that lands on its shard, for messages that have none. Made when it is wanted.
    generated: Option<Key>,
}

/// How often a random key is tried per shard before an explicit hash key does it.
const TRIES_PER_SHARD: usize = 16;

impl Lane {
    pub(in crate::batch) fn new(limiter: Option<Limiter>, meters: LaneMeters) -> Self {
        Self { queue: Queue::default(), limiter, meters, flights: 0, request: 0, generated: None }
    }

    /// Returns how many records and bytes may go now, in one more request or in the one that is being packed.
    pub(in crate::batch) fn allowance(
        &mut self,
        now: Instant,
        window: usize,
        packing: Option<u64>,
    ) -> (usize, usize) {
        if self.flights >= window && packing != Some(self.request) {
            return (0, 0);
        }
        self.limiter.as_mut().map_or((usize::MAX, usize::MAX), |limiter| limiter.allowance(now))
    }

    /// Returns when entries may go that could go at `from` but for the limit; `None` while an answer must come first.
    pub(in crate::batch) fn next(&mut self, from: Instant, now: Instant, window: usize) -> Option<Instant> {
        if self.flights >= window {
            return None;
        }
        let limited = self.limiter.as_mut().and_then(|limiter| limiter.next(now));
        Some(limited.map_or(from, |next| next.max(from)))
    }

    pub(in crate::batch) fn take(&mut self, bytes: usize) {
        if let Some(limiter) = &mut self.limiter {
            limiter.take(bytes);
        }
    }

    /// Learns that the shard took entries.
    pub(in crate::batch) fn stored(&mut self, entries: usize, bytes: usize, now: Instant) {
        self.meters.stored.increment(entries as u64);
        if let Some(limiter) = &mut self.limiter {
            limiter.stored(entries, bytes, now);
        }
    }

    /// Learns that the shard throttled entries of a request.
    pub(in crate::batch) fn throttled(&mut self, sent: Instant, entries: usize, now: Instant) {
        self.meters.throttled.increment(entries as u64);
        if let Some(limiter) = &mut self.limiter {
            limiter.throttled(sent, entries, now);
        }
    }

    /// Takes notice that a request is answered which held entries of it.
    pub(in crate::batch) fn land_flight(&mut self, now: Instant) {
        self.flights -= 1;
        if let Some(limiter) = &self.limiter {
            self.meters.limit_share.set(limiter.share(now));
        }
    }

    /// Returns a partition key that lands on this shard, the same until the shards change.
    pub(in crate::batch) fn generated(
        &mut self,
        shard: &ShardRange,
        shards: usize,
        routing: &dyn Routing,
    ) -> Key {
        let generate = || {
            let mut keys = (0..shards.saturating_mul(TRIES_PER_SHARD)).map(|_| random_key());
            keys.find(|key| shard.holds(routing.hash_key(key)))
                .unwrap_or_else(|| random_key().hashed(random_within(shard)))
        };
        self.generated.get_or_insert_with(generate).clone()
    }

    /// Forgets what depends on which shards there are.
    pub(in crate::batch) fn forget_key(&mut self) {
        self.generated = None;
    }
}

/// Returns a key that no other message has.
pub(in crate::batch) fn random_key() -> Key {
    let mut text = Uuid::encode_buffer();
    Key::from(&*Uuid::new_v4().as_hyphenated().encode_lower(&mut text))
}

/// Returns a hash key that lands on a shard.
pub(in crate::batch) fn random_within(shard: &ShardRange) -> HashKey {
    HashKey::new(fastrand::u128(shard.first.get()..=shard.last.get()))
}
