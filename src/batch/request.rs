//! A request: what the service below the sink is called with.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::batch::Entry;
use crate::service::Attempted;
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

struct Inner {
    entries: Vec<Entry>,
    bytes: usize,
    maybe_stored: AtomicBool,
    prepared: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Batch {
    /// Creates a request.
    pub fn new(entries: Vec<Entry>) -> Self {
        let bytes = entries.iter().map(Entry::bytes).sum();
        let (maybe_stored, prepared) = (AtomicBool::new(false), OnceLock::new());
        Self(Arc::new(Inner { entries, bytes, maybe_stored, prepared }))
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

    /// Returns what a service made of the request when it was first sent, such as its body, so that no later try makes
    /// it again. All clones share it, and it is dropped with the last of them.
    ///
    /// `None` where another service was first and keeps something of another type: there is one place.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::batch::{Batch, Entry};
    ///
    /// struct Body(String);
    ///
    /// let batch = Batch::new(vec![Entry::new("one", "a"), Entry::new("two", "b")]);
    /// let again = batch.clone();
    /// assert_eq!(batch.prepared(|| Body("one two".to_owned())).unwrap().0, "one two");
    /// assert_eq!(again.prepared(|| Body(String::new())).unwrap().0, "one two");
    /// assert!(again.prepared(|| 7).is_none());
    /// ```
    pub fn prepared<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.prepared.get_or_init(|| Box::new(make())).downcast_ref()
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

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("entries", &self.entries)
            .field("bytes", &self.bytes)
            .field("maybe_stored", &self.maybe_stored)
            .finish_non_exhaustive()
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
