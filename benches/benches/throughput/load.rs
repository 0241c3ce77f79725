//! The messages that every job sends or reads.

use std::sync::Arc;

use bytes::Bytes;
use headwater::Key;

use crate::Outcome;
use crate::format::Format;
use crate::order::Order;

/// How many keys there are. A key has at most one unsettled entry, so a few would measure round trips.
pub(crate) const KEYS: usize = 5_000;

/// The messages of a job: as many as asked for, with one payload for each key, in every form that a processor takes.
pub(crate) struct Load {
    /// How many messages there are.
    pub(crate) records: usize,
    keys: Vec<Key>,
    orders: Vec<Arc<Order>>,
    texts: Vec<Arc<str>>,
    bytes: Vec<Bytes>,
}

impl Load {
    /// Makes the messages. What serializing them costs is not part of it.
    pub(crate) fn new(records: usize) -> Outcome<Self> {
        let orders: Vec<_> = (0..KEYS as u64).map(|id| Arc::new(Order::new(id))).collect();
        let texts = orders.iter().map(|order| serde_json::to_string(&**order));
        let texts: Vec<Arc<str>> = texts.map(|text| text.map(Arc::from)).collect::<Result<_, _>>()?;
        let bytes = texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
        let keys = (0..KEYS).map(|n| Key::new(format!("customer-{n}"))).collect();
        Ok(Self { records, keys, orders, texts, bytes })
    }

    /// Returns the key of the nth message.
    pub(crate) fn key(&self, n: usize) -> &Key {
        &self.keys[n % KEYS]
    }

    /// Returns the nth message as a struct.
    pub(crate) fn order(&self, n: usize) -> &Arc<Order> {
        &self.orders[n % KEYS]
    }

    /// Returns the nth message as text: its JSON.
    pub(crate) fn text(&self, n: usize) -> &Arc<str> {
        &self.texts[n % KEYS]
    }

    /// Returns the nth message as bytes: its JSON.
    pub(crate) fn bytes(&self, n: usize) -> &Bytes {
        &self.bytes[n % KEYS]
    }

    /// Returns how long all messages are together in a format.
    pub(crate) fn total_bytes(&self, format: Format) -> Outcome<u64> {
        let lens = (0..KEYS).map(|n| format.encode(self, n).map(|data| data.len() as u64));
        let lens = lens.collect::<Outcome<Vec<_>>>()?;
        Ok((0..self.records).map(|n| lens[n % KEYS]).sum())
    }
}
