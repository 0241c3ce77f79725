//! Whether a shard's messages may be handed out.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Holds a shard back while it is closed.
#[derive(Debug, Default)]
pub(in crate::source) struct Gate {
    closed: AtomicBool,
    opened: Notify,
}

impl Gate {
    pub(in crate::source) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(in crate::source) fn open(&self) {
        self.closed.store(false, Ordering::Release);
        self.opened.notify_waiters();
    }

    pub(in crate::source) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// Waits until it is open.
    pub(in crate::source) async fn passed(&self) {
        loop {
            let mut opened = pin!(self.opened.notified());
            opened.as_mut().enable();
            if self.is_open() {
                return;
            }
            opened.await;
        }
    }
}
