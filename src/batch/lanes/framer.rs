//! Makes one entry from the messages at the head of a queue.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::batch::Entry;
use crate::batch::lanes::accepted::Accepted;
use crate::batch::lanes::chain::Held;
use crate::batch::lanes::pool::{Place, Pool};
use crate::batch::lanes::queue::FrameSize;
use crate::batch::lanes::unsettled::Messages;
use crate::codec::{Frame, Framing};
use crate::{HashKey, Key, Message};
use bytes::{Bytes, BytesMut};

/// Makes one entry from the messages at the head of a queue.
pub(in crate::batch) struct Framer {
    framing: Option<Arc<dyn Framing>>,
    // Reused for every entry.
    frame: Option<Box<dyn Frame>>,
    size: FrameSize,
    record_bytes: usize,
    /// Whether it is known where keys land.
    routed: bool,
    // What the framing says of itself, asked for every message.
    joins: bool,
    carries_keys: bool,
}

/// An entry in the making.
#[derive(Default)]
pub(in crate::batch) struct Filling {
    places: Vec<Place>,
    bytes: usize,
    /// The length of the longest of its keys.
    key_len: usize,
}

impl Filling {
    /// Returns the length of its messages and their keys, before they were framed.
    pub(in crate::batch) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// An entry, and what went into it.
pub(in crate::batch) struct Framed {
    pub(in crate::batch) entry: Entry,
    pub(in crate::batch) messages: Messages,
    /// The length of its messages and their keys, before they were framed.
    pub(in crate::batch) bytes: usize,
    /// Nothing is left to [`Framer::seal`].
    pub(in crate::batch) sealed: bool,
}

impl Framer {
    pub(in crate::batch) fn new(size: FrameSize, record_bytes: usize, routed: bool) -> Self {
        Self { framing: None, frame: None, size, record_bytes, routed, joins: false, carries_keys: false }
    }

    pub(in crate::batch) fn set_framing(&mut self, framing: Arc<dyn Framing>, frame_size: usize) {
        self.size.bytes = frame_size;
        // Bytes that stay as they are need no frame, and no copy into one.
        let framing = Some(framing).filter(|framing| !framing.is_identity());
        self.joins = framing.as_ref().is_some_and(|framing| framing.joins());
        self.carries_keys = framing.as_ref().is_some_and(|framing| framing.carries_keys());
        self.frame = framing.as_ref().map(|framing| framing.open());
        self.framing = framing;
    }

    /// Tells whether an entry can hold more than one message.
    pub(in crate::batch) fn joins(&self) -> bool {
        self.joins
    }

    /// Tells whether messages of several keys share an entry. They must land on one shard, so that where keys land has
    /// to be known.
    pub(in crate::batch) fn shares(&self) -> bool {
        self.routed && self.joins && self.carries_keys
    }

    pub(in crate::batch) fn size(&self) -> FrameSize {
        self.size
    }

    /// Returns how many bytes a message adds to an entry, roughly: a frame that carries no keys has one for all.
    pub(in crate::batch) fn len_in_entry(&self, accepted: &Accepted) -> usize {
        if self.joins && !self.carries_keys { accepted.message.payload().len() } else { accepted.bytes }
    }

    /// Tells whether a queue makes so many full entries, of a message each at least: one that is longer than a frame makes
    /// one entry, however often a frame fits into it.
    pub(in crate::batch) fn fills(&self, entries: usize, messages: usize, bytes: usize) -> bool {
        let is_full = |held: usize, size: usize| held >= entries.saturating_mul(size);
        messages >= entries
            && (!self.joins() || is_full(bytes, self.size.bytes) || is_full(messages, self.size.messages))
    }

    /// Takes the messages of one entry from the head of a queue, all of one key or of none. `is_mixed` where the queue
    /// may hold others too.
    pub(in crate::batch) fn take(
        &mut self,
        queue: &mut VecDeque<Held>,
        is_mixed: bool,
        pool: &mut Pool,
        generate: impl FnOnce() -> Key,
    ) -> Option<Framed> {
        let head = *queue.front()?;
        let accepted = pool.get_mut(head.place)?;
        let own_key = accepted.key();
        let key = own_key.cloned().unwrap_or_else(generate);
        if self.frame.is_none() {
            let data = accepted.lend_payload();
            queue.pop_front();
            let (messages, bytes) = (Messages::One(head.place), head.bytes);
            return Some(Framed { entry: Entry { data, key }, messages, bytes, sealed: true });
        }
        let mut filling = Filling::default();
        let own_key = own_key.is_some().then_some(&key);
        self.fill_from(&mut filling, queue, (&key, own_key), is_mixed, pool);
        Some(self.finish(filling, key))
    }

    /// Adds messages of one key to a frame, from the head of their queue, as far as they fit. Tells whether there is
    /// room for more, of this key or another.
    pub(in crate::batch) fn fill(
        &mut self,
        filling: &mut Filling,
        queue: &mut VecDeque<Held>,
        key: &Key,
        pool: &Pool,
    ) -> bool {
        self.fill_from(filling, queue, (key, Some(key)), false, pool);
        queue.is_empty() && filling.places.len() < self.size.messages
    }

    fn fill_from(
        &mut self,
        filling: &mut Filling,
        queue: &mut VecDeque<Held>,
        (key, own_key): (&Key, Option<&Key>),
        is_mixed: bool,
        pool: &Pool,
    ) {
        let joins = self.joins();
        // The record is routed by the key of its first message, which may be longer than this one.
        filling.key_len = filling.key_len.max(key.partition_key().len());
        let longest = self.size.bytes.min(self.record_bytes.saturating_sub(filling.key_len));
        let most = if joins { self.size.messages } else { 1 };
        let Some(frame) = &mut self.frame else { return };
        while filling.places.len() < most
            && let Some(next) = queue.front()
            && let Some(accepted) = pool.get(next.place)
        {
            let (payload, headers) = (accepted.message.payload(), accepted.message.headers());
            let is_first = filling.places.is_empty();
            // The first always goes: one that is longer than a frame should be travels alone.
            if is_first {
                frame.push(key, payload, headers);
            } else if (is_mixed && accepted.key() != own_key)
                || !frame.push_within(longest, key, payload, headers)
            {
                return;
            }
            if is_first && joins {
                let expected = (longest / (payload.len() + 1)).saturating_add(1);
                filling.places.reserve(expected.min(most).min(queue.len()));
            }
            filling.places.push(next.place);
            filling.bytes += next.bytes;
            queue.pop_front();
        }
    }

    /// Ends an entry.
    pub(in crate::batch) fn finish(&mut self, filling: Filling, key: Key) -> Framed {
        let unsealed = self.frame.as_mut().and_then(|frame| frame.finish_unsealed()).map(BytesMut::freeze);
        let sealed = unsealed.is_none();
        let finish = || self.frame.as_mut().map(|frame| frame.finish()).unwrap_or_default();
        let data = unsealed.unwrap_or_else(finish);
        let messages = match *filling.places {
            [place] => Messages::One(place),
            _ => Messages::Many(filling.places),
        };
        Framed { entry: Entry { data, key }, messages, bytes: filling.bytes, sealed }
    }

    /// Completes the records of entries that are not sealed.
    pub(in crate::batch) fn seal<'a>(&self, unsealed: impl Iterator<Item = &'a mut Entry>) {
        let Some(framing) = &self.framing else { return };
        let mut entries: Vec<_> = unsealed.collect();
        // Nobody shares their bytes yet, so that nothing is copied.
        let mut records: Vec<_> =
            entries.iter_mut().map(|entry| BytesMut::from(std::mem::take(&mut entry.data))).collect();
        framing.seal(&mut records);
        for (entry, record) in entries.into_iter().zip(records) {
            entry.data = record.freeze();
        }
    }

    /// Frames messages that were in one entry before, under the keys that are given with them.
    pub(in crate::batch) fn reframe<'a>(
        &mut self,
        messages: impl Iterator<Item = (&'a Key, &'a Message<Bytes>)>,
    ) -> Bytes {
        let Some(frame) = &mut self.frame else { return Bytes::new() };
        for (key, message) in messages {
            frame.push(key, message.payload(), message.headers());
        }
        frame.finish()
    }

    /// Returns the key of a record that holds several messages with keys of their own.
    pub(in crate::batch) fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        match &self.framing {
            Some(framing) => framing.shared_key(first, hash_key),
            None => first.clone(),
        }
    }

    /// Returns the exact length of the entry that a message makes alone, its key included.
    pub(in crate::batch) fn len_alone(framing: &dyn Framing, key: &Key, message: &Message<Bytes>) -> usize {
        let len = framing.open().len_with(key, message.payload(), message.headers());
        len + key.partition_key().len()
    }
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer").field("framing", &self.framing).finish_non_exhaustive()
    }
}

/// The length of a generated key, in bytes.
pub(in crate::batch) const GENERATED_KEY_LEN: usize = uuid::fmt::Hyphenated::LENGTH;
