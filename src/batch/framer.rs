//! Makes one entry from the messages at the head of a queue.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::batch::Entry;
use crate::batch::chain::Held;
use crate::batch::pool::Pool;
use crate::batch::unsettled::Messages;
use crate::codec::{Frame, Framing};
use crate::{Key, Message};

/// Makes one entry from the messages at the head of a queue.
pub(super) struct Framer {
    framing: Option<Arc<dyn Framing>>,
    // Reused for every entry.
    frame: Option<Box<dyn Frame>>,
    frame_size: usize,
    frame_messages: usize,
    record_bytes: usize,
}

/// An entry, and what went into it.
pub(super) struct Framed {
    pub(super) entry: Entry,
    pub(super) messages: Messages,
    /// The length of its messages and their keys, before they were framed.
    pub(super) bytes: usize,
}

impl Framer {
    pub(super) fn new(frame_size: usize, frame_messages: usize, record_bytes: usize) -> Self {
        Self { framing: None, frame: None, frame_size, frame_messages, record_bytes }
    }

    pub(super) fn set_framing(&mut self, framing: Arc<dyn Framing>) {
        // Bytes that stay as they are need no frame, and no copy into one.
        let framing = Some(framing).filter(|framing| !framing.is_identity());
        self.frame = framing.as_ref().map(|framing| framing.open());
        self.framing = framing;
    }

    /// Tells whether an entry can hold more than one message.
    pub(super) fn joins(&self) -> bool {
        self.framing.as_ref().is_some_and(|framing| framing.joins())
    }

    pub(super) fn frame_size(&self) -> usize {
        self.frame_size
    }

    /// Returns how many bytes a message adds to an entry, roughly: a frame that carries no keys has one for all.
    pub(super) fn len_in_entry(&self, message: &Message<Bytes>) -> usize {
        match &self.framing {
            Some(framing) if framing.joins() && !framing.carries_keys() => message.payload().len(),
            _ => message.wire_len(),
        }
    }

    /// Returns how many full entries a queue makes.
    pub(super) fn full_entries(&self, messages: usize, bytes: usize) -> usize {
        if self.joins() { (bytes / self.frame_size).max(messages / self.frame_messages) } else { messages }
    }

    /// Takes the messages of one entry from the head of a queue.
    pub(super) fn take(&mut self, queue: &mut VecDeque<Held>, pool: &Pool) -> Option<Framed> {
        let Held { place: head, mut bytes, .. } = queue.pop_front()?;
        let accepted = pool.get(head)?;
        let (own_key, payload) = (accepted.key(), accepted.message.payload());
        let joins = self.joins();
        let key = key_of(own_key);
        let Some(frame) = &mut self.frame else {
            return Some(Framed {
                entry: Entry { data: payload.clone(), key },
                messages: Messages::One(head),
                bytes,
            });
        };
        frame.push(&key, payload);
        if !joins || queue.is_empty() {
            return Some(Framed {
                entry: Entry { data: frame.finish(), key },
                messages: Messages::One(head),
                bytes,
            });
        }
        let longest = self.frame_size.min(self.record_bytes.saturating_sub(key.partition_key().len()));
        let most = (queue.len() + 1).min(self.frame_messages);
        let mut places = Vec::with_capacity(most.min((longest / (payload.len() + 1)).saturating_add(1)));
        places.push(head);
        while places.len() < most
            && let Some(next) = queue.front()
            && let Some(accepted) = pool.get(next.place)
        {
            let payload = accepted.message.payload();
            if accepted.key() != own_key || frame.len_with(&key, payload) > longest {
                break;
            }
            frame.push(&key, payload);
            places.push(next.place);
            bytes += next.bytes;
            queue.pop_front();
        }
        Some(Framed { entry: Entry { data: frame.finish(), key }, messages: Messages::Many(places), bytes })
    }

    /// Returns the exact length of the entry that a message makes alone, its key included.
    pub(super) fn len_alone(framing: &dyn Framing, key: &Key, payload: &Bytes) -> usize {
        framing.open().len_with(key, payload) + key.partition_key().len()
    }
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer").field("framing", &self.framing).finish_non_exhaustive()
    }
}

/// The length of a generated key, in bytes.
pub(super) const GENERATED_KEY_LEN: usize = uuid::fmt::Hyphenated::LENGTH;

/// Returns the key of an entry; a random one, so that they spread over the shards, where there is none.
fn key_of(own: Option<&Key>) -> Key {
    own.cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        Key::from(&*Uuid::new_v4().as_hyphenated().encode_lower(&mut text))
    })
}
