//! What a request learns of the attempts to serve it.

use crate::Error;

/// A request that can be retried, and is told of each attempt that failed.
///
/// An attempt that ended as `Timeout` or `Unavailable` may have been applied all the same: its answer was lost. A
/// request for which that matters keeps it, in a state that its clones share if the caller shall see it as well.
///
/// # Example
///
/// A request that knows whether it may have been stored before:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use headwater::service::Attempted;
/// use headwater::{Delivery, Error, ErrorKind};
///
/// #[derive(Clone, Default)]
/// struct Put {
///     answer_lost: Arc<AtomicBool>,
/// }
///
/// impl Attempted for Put {
///     fn failed_attempt(&mut self, error: &Error) {
///         if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable) {
///             self.answer_lost.store(true, Ordering::Relaxed);
///         }
///     }
/// }
///
/// impl Put {
///     fn delivery(&self) -> Delivery {
///         if self.answer_lost.load(Ordering::Relaxed) { Delivery::Unknown } else { Delivery::NotStored }
///     }
/// }
///
/// let kept = Put::default();
/// let mut sent = kept.clone();
/// sent.failed_attempt(&Error::new(ErrorKind::Throttled, "put"));
/// assert_eq!(kept.delivery(), Delivery::NotStored);
/// sent.failed_attempt(&Error::new(ErrorKind::Timeout, "put"));
/// assert_eq!(kept.delivery(), Delivery::Unknown);
/// ```
pub trait Attempted: Clone {
    /// Takes notice of an attempt that failed, the last one included. `self` is what the next attempt sends.
    ///
    /// Does nothing by default.
    fn failed_attempt(&mut self, _error: &Error) {}
}

impl Attempted for () {}
