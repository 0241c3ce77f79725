//! Consumers: who may subscribe to a stream's shards.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use super::bucket::Bucket;
use super::{End, ShardId, Signal, Timestamp};
use crate::rates::ShardRates;

/// A registered consumer.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    active_from: Timestamp,
    gone_from: Option<Timestamp>,
    subscribed: HashMap<ShardId, Subscribed>,
}

/// What a consumer did with one shard.
#[derive(Debug, Default)]
struct Subscribed {
    calls: Bucket,
    /// When the last call succeeded.
    last: Option<Timestamp>,
    signal: Weak<Signal>,
}

/// Why a consumer may not subscribe just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It called too often.
    Rate,
    /// It subscribed too recently.
    TooSoon,
}

impl Consumer {
    pub(crate) fn register(name: String, stream_arn: &str, now: Timestamp, delay: u64) -> Self {
        Self {
            arn: format!("{stream_arn}/consumer/{name}:{}", now / 1000),
            name,
            created: now,
            active_from: now + delay,
            gone_from: None,
            subscribed: HashMap::new(),
        }
    }

    /// Returns the ConsumerStatus of the API.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match self.gone_from {
            Some(_) => "DELETING",
            None if self.active_from > now => "CREATING",
            None => "ACTIVE",
        }
    }

    pub(crate) fn is_creating(&self, now: Timestamp) -> bool {
        self.gone_from.is_none() && self.active_from > now
    }

    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        self.gone_from.is_none() && self.active_from <= now
    }

    /// Begins to take the consumer back; it is gone after `delay`, its subscriptions at once.
    pub(crate) fn deregister(&mut self, now: Timestamp, delay: u64) {
        self.gone_from.get_or_insert(now + delay);
        self.end_subscriptions(End::Deregistered);
    }

    /// Begins a subscription and ends the one before it.
    pub(crate) fn subscribe(
        &mut self,
        shard: ShardId,
        rates: ShardRates,
        resubscribe_after: u64,
        now: Timestamp,
    ) -> Result<Arc<Signal>, Refusal> {
        let subscribed = self.subscribed.entry(shard).or_default();
        let rate = rates.subscribe_calls_per_second;
        if !subscribed.calls.allows(1, rate, now) {
            return Err(Refusal::Rate);
        }
        subscribed.calls.take(1, rate);
        if subscribed.last.is_some_and(|last| now < last.saturating_add(resubscribe_after)) {
            return Err(Refusal::TooSoon);
        }
        if let Some(older) = subscribed.signal.upgrade() {
            older.end(End::TakenOver);
        }
        let signal = Arc::new(Signal::default());
        subscribed.last = Some(now);
        subscribed.signal = Arc::downgrade(&signal);
        Ok(signal)
    }

    /// Ends every live subscription and returns how many those were.
    pub(crate) fn end_subscriptions(&self, why: End) -> usize {
        self.live().filter(|signal| signal.end(why)).count()
    }

    /// Returns the subscriptions that still run.
    pub(crate) fn live(&self) -> impl Iterator<Item = Arc<Signal>> {
        let signals = self.subscribed.values().filter_map(|subscribed| subscribed.signal.upgrade());
        signals.filter(|signal| signal.ended().is_none())
    }
}

/// A stream's consumers by name.
#[derive(Debug, Default)]
pub(crate) struct Consumers(BTreeMap<String, Consumer>);

impl Consumers {
    pub(crate) fn add(&mut self, consumer: Consumer) {
        self.0.insert(consumer.name.clone(), consumer);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Consumer> {
        self.0.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Consumer> {
        self.0.get_mut(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns every consumer, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.0.values()
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = Arc<Signal>> {
        self.iter().flat_map(Consumer::live)
    }

    pub(crate) fn end_subscriptions(&self, why: End) -> usize {
        self.iter().map(|consumer| consumer.end_subscriptions(why)).sum()
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.iter().any(|consumer| consumer.is_gone(now))
    }

    /// Forgets the consumers that are gone.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        self.0.retain(|_, consumer| !consumer.is_gone(now));
    }
}

impl Consumer {
    fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_from.is_some_and(|gone| gone <= now)
    }
}
