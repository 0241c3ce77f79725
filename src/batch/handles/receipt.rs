//! What became of one message.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::batch::Stored;
use crate::{Error, ErrorKind, Result, SequenceNumber, ShardId, Undelivered};

/// What became of one message: a future that resolves once it is stored or handed back.
///
/// # Errors
///
/// Why the message could not be delivered. The error carries it ([`Error::into_undelivered`]), with its ack and with
/// whether it may be stored all the same.
///
/// # Cancel safety
///
/// A receipt may be dropped: the message is sent all the same. If it then cannot be delivered it goes where messages
/// without a receipt go.
///
/// # Example
///
/// See [`Producer::put`](crate::batch::Producer::put).
#[must_use = "a receipt that is dropped tells nobody"]
pub struct Receipt(oneshot::Receiver<Result<Delivered>>);

/// Where a message is stored, and what it took.
///
/// # Example
///
/// See [`Producer::put`](crate::batch::Producer::put).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    stored: Stored,
    sub_sequence: Option<u64>,
    attempts: u32,
    queued: Duration,
    wire: Duration,
}

impl Delivered {
    /// Returns the shard.
    pub fn shard(&self) -> &ShardId {
        &self.stored.shard
    }

    /// Returns the sequence number of the record.
    pub fn sequence(&self) -> &SequenceNumber {
        &self.stored.sequence
    }

    /// Returns the message's place in its record, from 0, if it shares one.
    pub fn sub_sequence(&self) -> Option<u64> {
        self.sub_sequence
    }

    /// Returns how many requests its record was in.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns how long it waited from the call of `put`, the wait for room included, until it was first sent.
    pub fn queued(&self) -> Duration {
        self.queued
    }

    /// Returns how long the request took that stored it, tries by its layers included.
    pub fn wire(&self) -> Duration {
        self.wire
    }
}

/// When an entry was sent and answered.
#[derive(Clone, Copy)]
pub(in crate::batch) struct Flown {
    pub(in crate::batch) attempts: u32,
    pub(in crate::batch) first_sent: Instant,
    pub(in crate::batch) sent: Instant,
    pub(in crate::batch) answered: Instant,
}

/// The sink's half of a receipt.
pub(in crate::batch) struct Slip {
    tx: oneshot::Sender<Result<Delivered>>,
    accepted: Instant,
}

impl Slip {
    pub(in crate::batch) fn new() -> (Self, Receipt) {
        let (tx, rx) = oneshot::channel();
        (Self { tx, accepted: Instant::now() }, Receipt(rx))
    }

    pub(in crate::batch) fn deliver(self, stored: Stored, sub_sequence: Option<u64>, flown: Flown) {
        let Flown { attempts, first_sent, sent, answered } = flown;
        let queued = first_sent.saturating_duration_since(self.accepted);
        let wire = answered.saturating_duration_since(sent);
        // Nobody may be waiting.
        let _ = self.tx.send(Ok(Delivered { stored, sub_sequence, attempts, queued, wire }));
    }

    /// Tells that the message is not delivered, or returns it where nobody listens.
    pub(in crate::batch) fn hand_back(self, undelivered: Undelivered) -> Option<Undelivered> {
        let error = undelivered.reason().restate().carrying(vec![undelivered]);
        let unheard = self.tx.send(Err(error)).err()?;
        unheard.err()?.into_undelivered().pop()
    }
}

impl Future for Receipt {
    type Output = Result<Delivered>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(told.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Closed,
                "wait for a receipt: the sink's task is gone, and the message with it",
            ))
        }))
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}
