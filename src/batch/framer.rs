//! Makes one entry from the messages at the head of a queue.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::Key;
use crate::batch::Entry;
use crate::batch::chain::Held;
use crate::batch::unsettled::Messages;
use crate::codec::{Frame, Framing};

/// Makes one entry from the messages at the head of a queue.
pub(super) struct Framer {
    framing: Option<Arc<dyn Framing>>,
    // Reused for every entry.
    frame: Option<Box<dyn Frame>>,
    frame_size: usize,
    frame_messages: usize,
    record_bytes: usize,
}

impl Framer {
    pub(super) fn new(frame_size: usize, frame_messages: usize, record_bytes: usize) -> Self {
        Self { framing: None, frame: None, frame_size, frame_messages, record_bytes }
    }

    pub(super) fn set_framing(&mut self, framing: Arc<dyn Framing>) {
        self.frame = Some(framing.open());
        self.framing = Some(framing);
    }

    /// Tells whether an entry can hold more than one message.
    pub(super) fn joins(&self) -> bool {
        self.framing.as_ref().is_some_and(|framing| framing.joins())
    }

    pub(super) fn frame_size(&self) -> usize {
        self.frame_size
    }

    /// Returns how many full entries a queue makes.
    pub(super) fn full_entries(&self, messages: usize, bytes: usize) -> usize {
        if self.joins() { (bytes / self.frame_size).max(messages / self.frame_messages) } else { messages }
    }

    /// Takes the messages of one entry from the head of a queue.
    pub(super) fn take(&mut self, queue: &mut VecDeque<Held>) -> Option<(Entry, Messages)> {
        let head = queue.pop_front()?.accepted;
        let joins = self.joins();
        let Some(frame) = &mut self.frame else {
            let entry = Entry { data: head.message.payload().clone(), key: key_of(head.key) };
            return Some((entry, Messages::One(head.message)));
        };
        let key = key_of(head.key.clone());
        frame.push(&key, head.message.payload());
        if !joins || queue.is_empty() {
            return Some((Entry { data: frame.finish(), key }, Messages::One(head.message)));
        }
        let longest = self.frame_size.min(self.record_bytes.saturating_sub(key.partition_key().len()));
        let most = (queue.len() + 1).min(self.frame_messages);
        let mut messages = Vec::with_capacity(most.min(longest / (head.message.payload().len() + 1) + 1));
        messages.push(head.message);
        while messages.len() < most {
            let next = queue.pop_front_if(|next| {
                next.accepted.key == head.key
                    && frame.len_with(&key, next.accepted.message.payload()) <= longest
            });
            let Some(next) = next else { break };
            frame.push(&key, next.accepted.message.payload());
            messages.push(next.accepted.message);
        }
        Some((Entry { data: frame.finish(), key }, Messages::Many(messages)))
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
fn key_of(own: Option<Key>) -> Key {
    own.unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        Key::from(&*Uuid::new_v4().as_hyphenated().encode_lower(&mut text))
    })
}
