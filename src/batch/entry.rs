//! One record inside a request.

use bytes::Bytes;

use crate::Key;

/// One record inside a request: its bytes and the key that routes it.
///
/// A clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is stored: a message's payload, or several messages in a frame.
    pub data: Bytes,
    /// What routes it: the message's own key, or one that the sink generated.
    pub key: Key,
}

impl Entry {
    /// Creates an entry.
    pub fn new(data: impl Into<Bytes>, key: impl Into<Key>) -> Self {
        Self { data: data.into(), key: key.into() }
    }

    /// Returns what it counts towards the limits of a request, in bytes: its data and its partition key.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::batch::Entry;
    ///
    /// assert_eq!(Entry::new("payload", "key").bytes(), 10);
    /// ```
    pub fn bytes(&self) -> usize {
        self.data.len() + self.key.partition_key().len()
    }
}
