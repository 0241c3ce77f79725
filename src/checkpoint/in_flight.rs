//! The messages out of all shards of a source.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use tokio::sync::Notify;

/// Counts the messages out unacked, over all trackers of a source, for the stream that must not hand out more than
/// `max_in_flight`, and calls the coordinator when something needs its eye.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    messages: AtomicUsize,
    /// The limit that the stream waits to get below.
    limit: AtomicUsize,
    /// Set while the stream waits for messages to settle.
    waiting: AtomicBool,
    stream: AtomicWaker,
    attention: Notify,
}

impl InFlight {
    /// Asks the coordinator to look at its shards: a message was abandoned, a shard has ended or was read to its tip, the
    /// last message of one that had ended was acked.
    pub(crate) fn call_attention(&self) {
        self.attention.notify_one();
    }

    /// Waits until the coordinator is asked to look at its shards; remembers one call.
    pub(crate) async fn attention(&self) {
        self.attention.notified().await;
    }

    /// Tells whether the stream waits for messages to settle.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Ready while fewer than `limit` messages are out.
    pub(crate) fn poll_below(&self, limit: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.messages.load(Ordering::SeqCst) < limit {
            return Poll::Ready(());
        }
        self.stream.register(cx.waker());
        self.limit.store(limit, Ordering::SeqCst);
        // The flag is set before the count is read again, and a settler counts before it reads the flag: one of the
        // two sees the other.
        if !self.waiting.swap(true, Ordering::SeqCst) {
            self.call_attention();
        }
        if self.messages.load(Ordering::SeqCst) < limit {
            self.waiting.store(false, Ordering::SeqCst);
            return Poll::Ready(());
        }
        Poll::Pending
    }

    pub(super) fn open(&self, count: usize) {
        self.messages.fetch_add(count, Ordering::SeqCst);
    }

    pub(super) fn settle(&self, count: usize) {
        let left = self.messages.fetch_sub(count, Ordering::SeqCst) - count;
        // Above the limit there is nothing to wake for, and a wake for each ack would be a storm.
        if left < self.limit.load(Ordering::SeqCst)
            && self.waiting.load(Ordering::SeqCst)
            && self.waiting.swap(false, Ordering::SeqCst)
        {
            self.stream.wake();
        }
    }
}
