//! What a sink has done so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts what a sink has done since it was built.
///
/// A clone reads the same counters, also after the sink was moved into `forward`. Reading costs one atomic load.
///
/// # Example
///
/// ```
/// use futures::{StreamExt, stream};
/// use headwater::{MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> headwater::Result<()> {
/// let sink = MemoryStream::new("orders", 1).sink();
/// let status = sink.status();
/// let orders = ["an order", "another"].map(|order| Ok(Message::new(order.into())));
/// stream::iter(orders).forward(sink).await?;
/// assert_eq!((status.accepted(), status.stored(), status.failed()), (2, 2, 0));
/// assert_eq!((status.requests(), status.retried()), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct BatchStatus(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    stored: AtomicU64,
    failed: AtomicU64,
    requests: AtomicU64,
    retried: AtomicU64,
}

impl BatchStatus {
    /// Returns how many messages the sink has accepted.
    pub fn accepted(&self) -> u64 {
        self.0.accepted.load(Relaxed)
    }

    /// Returns how many messages were confirmed as stored.
    pub fn stored(&self) -> u64 {
        self.0.stored.load(Relaxed)
    }

    /// Returns how many messages were accepted and then handed back.
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Relaxed)
    }

    /// Returns how many requests were handed to the service. What its layers try again is not counted.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Relaxed)
    }

    /// Returns how often an entry was queued to be sent again.
    pub fn retried(&self) -> u64 {
        self.0.retried.load(Relaxed)
    }

    /// Tells how many there are; under the lock of the gate, which counts them.
    pub(in crate::batch) fn tell_accepted(&self, accepted: u64) {
        self.0.accepted.store(accepted, Relaxed);
    }

    pub(in crate::batch) fn count_settled(&self, stored: usize, failed: usize) {
        self.0.stored.fetch_add(stored as u64, Relaxed);
        self.0.failed.fetch_add(failed as u64, Relaxed);
    }

    pub(in crate::batch) fn count_request(&self) {
        self.0.requests.fetch_add(1, Relaxed);
    }

    pub(in crate::batch) fn count_retry(&self) {
        self.0.retried.fetch_add(1, Relaxed);
    }
}
