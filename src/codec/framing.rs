//! Several messages ↔ one record.

use std::fmt;

use bytes::Bytes;

use crate::{BoxError, Key};

/// How several messages share one record. A framing is shared by all lanes of a sink, which open a [`Frame`] each.
pub trait Framing: fmt::Debug + Send + Sync + 'static {
    /// Returns the name, for errors and logs.
    fn name(&self) -> &'static str;

    /// Tells whether a record can hold more than one message.
    fn joins(&self) -> bool;

    /// Tells whether a record keeps each message's own key. Where it does not, only messages of one key may share a
    /// record.
    fn carries_keys(&self) -> bool;

    /// Opens an empty frame.
    fn open(&self) -> Box<dyn Frame>;

    /// Takes a record apart, in time linear in its length.
    fn split(&self, record: &Bytes) -> Split;
}

/// A record in the making.
pub trait Frame: Send {
    /// Returns the exact length of the record if a message were added to it.
    fn len_with(&self, key: &Key, payload: &[u8]) -> usize;

    /// Adds a message.
    fn push(&mut self, key: &Key, payload: &[u8]);

    /// Returns how many messages it holds.
    fn count(&self) -> usize;

    /// Ends the record and empties the frame, which may be used again.
    fn finish(&mut self) -> Bytes;
}

/// What a record came apart into.
#[derive(Debug, Default)]
pub struct Split {
    /// The messages, in order; slices of the record where the format allows.
    pub parts: Vec<Part>,
    /// The rest of a damaged record, from the first byte that could not be read, and why. The parts before it are
    /// good.
    pub damaged: Option<(Bytes, BoxError)>,
}

/// One message of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's bytes.
    pub payload: Bytes,
    /// Its own key, where the framing carries keys.
    pub key: Option<Key>,
}
