//! One record inside a request.

use bytes::Bytes;

use crate::Key;

/// One record inside a request: its bytes and the key that routes it.
///
/// A clone shares the bytes.
///
/// # Example
///
/// What a service under a sink gets:
///
/// ```
/// use headwater::batch::{Batch, Entry};
///
/// let batch = Batch::new(vec![Entry::new("an order", "customer-7"), Entry::new("another", "customer-8")]);
/// let lines = batch.entries().iter().map(|Entry { data, key }| format!("{key}: {} bytes", data.len()));
/// assert_eq!(lines.collect::<Vec<_>>(), ["\"customer-7\": 8 bytes", "\"customer-8\": 7 bytes"]);
/// ```
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
