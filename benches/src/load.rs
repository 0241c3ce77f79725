//! The messages that every job sends or reads.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use headwater::Key;

use crate::format::Format;
use crate::order::{self, Order};
use crate::outcome::Outcome;

/// How many keys there are. A key has at most one unsettled entry, so a few would measure round trips.
pub(crate) const KEYS: usize = 5_000;

/// How long a key is at most, in bytes.
const KEY_BYTES: usize = "customer-4999".len();

/// How many bytes a message may have as JSON: from an order without articles to what a record of 1 MiB holds beside its
/// key and its framing.
pub const SIZES: RangeInclusive<usize> = order::LEAST_BYTES..=(1 << 20) - (1 << 10);

/// The most bytes of all payloads that are kept: with large ones there are fewer different ones than keys.
const KEPT_BYTES: usize = 64 << 20;

/// The messages of a job: as many as asked for, in every form that a processor takes.
pub(crate) struct Load {
    /// How many messages there are.
    pub(crate) records: usize,
    size: usize,
    keys: Vec<Key>,
    orders: Vec<Arc<Order>>,
    texts: Vec<Arc<str>>,
    bytes: Vec<Bytes>,
}

impl Load {
    /// Makes the messages. What serializing them costs is not part of it.
    ///
    /// They are orders where so few bytes hold one, and else text that is none.
    pub(crate) fn new(records: usize, size: usize) -> Outcome<Self> {
        let ids = 0..payloads(records, size) as u64;
        let (mut orders, mut texts) = (Vec::new(), Vec::<Arc<str>>::new());
        for id in ids {
            if size < order::LEAST_BYTES {
                texts.push(order::words(id, size).into());
            } else {
                let order = Order::new(id, size)?;
                texts.push(serde_json::to_string(&order)?.into());
                orders.push(Arc::new(order));
            }
        }
        let bytes = texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
        let keys = (0..KEYS).map(|n| Key::new(format!("customer-{n}"))).collect();
        Ok(Self { records, size, keys, orders, texts, bytes })
    }

    /// Returns the key of the nth message.
    pub(crate) fn key(&self, n: usize) -> &Key {
        &self.keys[n % KEYS]
    }

    /// Returns the nth message as a struct.
    pub(crate) fn order(&self, n: usize) -> &Arc<Order> {
        &self.orders[n % self.orders.len()]
    }

    /// Returns the nth message as text: its JSON.
    pub(crate) fn text(&self, n: usize) -> &Arc<str> {
        &self.texts[n % self.texts.len()]
    }

    /// Returns the nth message as bytes: its JSON.
    pub(crate) fn bytes(&self, n: usize) -> &Bytes {
        &self.bytes[n % self.bytes.len()]
    }

    /// Returns how many different messages there are.
    pub(crate) fn different(&self) -> usize {
        self.texts.len()
    }

    /// Returns how many bytes a record of one message has at most, its key included.
    pub(crate) fn record_bytes(&self) -> usize {
        self.size + KEY_BYTES
    }

    /// Returns how long all messages are together in a format.
    pub(crate) fn total_bytes(&self, format: Format) -> Outcome<u64> {
        let lens = (0..self.texts.len()).map(|n| format.encode(self, n).map(|data| data.len() as u64));
        let lens = lens.collect::<Outcome<Vec<_>>>()?;
        Ok((0..self.records).map(|n| lens[n % lens.len()]).sum())
    }
}

/// Returns how many different payloads there are among so many messages.
fn payloads(records: usize, size: usize) -> usize {
    KEYS.min(KEPT_BYTES / size).min(records).max(1)
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, KEYS, Load, SIZES, payloads};
    use crate::format::Format;

    #[test]
    fn every_message_is_as_long_as_asked_for() {
        for (records, size) in [(KEYS, *SIZES.start()), (700, 700), (70, 20_000), (1, *SIZES.end())] {
            let load = Load::new(records, size).unwrap();
            assert!((0..records).all(|n| load.text(n).len() == size), "{size}");
            assert_eq!(load.total_bytes(Format::Json).unwrap(), (records * size) as u64);
        }
    }

    #[test]
    fn a_message_that_holds_no_order_is_text() {
        let load = Load::new(7, 100).unwrap();
        assert!((0..7).all(|n| load.text(n).len() == 100));
        assert_eq!(load.total_bytes(Format::Bytes).unwrap(), 700);
    }

    #[test]
    fn large_messages_are_few_different_ones() {
        assert_eq!(payloads(50_000, 1_000), KEYS);
        assert_eq!(payloads(10, 1_000), 10);
        assert!(payloads(50_000, *SIZES.end()) * SIZES.end() <= KEPT_BYTES);
    }
}
