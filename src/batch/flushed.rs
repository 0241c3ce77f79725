//! What one request came to.

use std::time::Duration;

use crate::ErrorKind;

/// What one request came to, for [`on_flush`](crate::batch::BatchSinkBuilder::on_flush).
///
/// # Example
///
/// See [`on_flush`](crate::batch::BatchSinkBuilder::on_flush).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// How many entries it held.
    pub entries: usize,
    /// Their bytes, partition keys included.
    pub bytes: usize,
    /// How many messages were confirmed as stored by it.
    pub stored: usize,
    /// How many messages were given up after it.
    pub failed: usize,
    /// How many of its entries are tried again.
    pub retried: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it failed whole, if it did.
    pub error: Option<ErrorKind>,
}
