//! A request: what the service below the sink is called with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::Entry;
use crate::service::{Attempted, Weighted};
use crate::{Error, ErrorKind};

/// A request of several entries.
///
/// A clone is one pointer, so that a layer can keep it for a retry. All clones share the
/// [`maybe_stored`](Self::maybe_stored) flag.
///
/// # Example
///
/// ```
/// use headwater::batch::{Batch, Entry};
///
/// let batch = Batch::new(vec![Entry::new("one", "a"), Entry::new("two", "b")]);
/// assert_eq!((batch.records(), batch.bytes()), (2, 8));
///
/// batch.clone().mark_maybe_stored();
/// assert!(batch.maybe_stored());
/// ```
#[derive(Clone, Debug)]
pub struct Batch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Vec<Entry>,
    bytes: usize,
    maybe_stored: AtomicBool,
}

impl Batch {
    /// Creates a request.
    pub fn new(entries: Vec<Entry>) -> Self {
        let bytes = entries.iter().map(Entry::bytes).sum();
        Self(Arc::new(Inner { entries, bytes, maybe_stored: AtomicBool::new(false) }))
    }

    /// Returns its entries, in the order in which the answer speaks of them.
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// Returns how many records it writes.
    pub fn records(&self) -> usize {
        self.0.entries.len()
    }

    /// Returns how many bytes it writes: data and partition keys.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// Says that an attempt ended without an answer, so that its entries may be stored although nobody confirmed
    /// it. A layer that tries again says so before it does; the sink says so of the attempt that it sees fail.
    pub fn mark_maybe_stored(&self) {
        self.0.maybe_stored.store(true, Ordering::Relaxed);
    }

    /// Tells whether an attempt ended without an answer.
    pub fn maybe_stored(&self) -> bool {
        self.0.maybe_stored.load(Ordering::Relaxed)
    }
}

/// Tells whether what failed in this way may have been carried out all the same.
pub(super) fn leaves_doubt(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable)
}

impl Attempted for Batch {
    /// Marks the request, and all its clones, when the attempt ended without an answer.
    fn failed_attempt(&mut self, error: &Error) {
        if leaves_doubt(error.kind()) {
            self.mark_maybe_stored();
        }
    }
}

impl Weighted for Batch {
    fn records(&self) -> u64 {
        Self::records(self) as u64
    }

    fn bytes(&self) -> u64 {
        Self::bytes(self) as u64
    }
}
