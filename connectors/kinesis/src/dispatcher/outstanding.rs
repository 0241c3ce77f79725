//! Payloads whose outcome is not known, and those that could not be delivered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, TryFuture, TryFutureExt};
use headwater::Error;
use headwater::batch::Receipt;
use tokio::task::coop::unconstrained;

use crate::dispatcher::Unprocessed;

/// Payloads whose outcome is not known, and those that could not be delivered and wait for a flush.
///
/// A payload is freed when it is known to be stored, whatever those before it wait for. Receipts are polled when they
/// have something to tell, so that what a payload costs does not depend on how many there are.
pub(super) struct Outstanding<T, F = Receipt> {
    awaited: FuturesUnordered<Awaited<T, F>>,
    /// With their places in the order of submission.
    unprocessed: Vec<(u64, Unprocessed<T>)>,
    submitted: u64,
}

impl<T, F> Outstanding<T, F>
where
    F: TryFuture<Error = Error> + Unpin,
{
    pub(super) fn new() -> Self {
        Self { awaited: FuturesUnordered::new(), unprocessed: Vec::new(), submitted: 0 }
    }

    /// Keeps a payload until its receipt tells what became of it.
    pub(super) fn push(&mut self, payload: T, receipt: F) {
        self.awaited.push(Awaited { place: self.submitted, payload: Some(payload), receipt });
        self.submitted += 1;
    }

    /// Frees what is stored by now, without waiting.
    pub(super) fn settle_known(&mut self) {
        // Tokio's budget would end each look after 128 receipts, and what more are settled meanwhile would pile up.
        while let Some(Some(settled)) = unconstrained(self.awaited.next()).now_or_never() {
            self.settle(settled);
        }
    }

    /// Waits until everything is settled.
    ///
    /// # Cancel safety
    ///
    /// What is settled by then is noted, whether or not the call is dropped.
    pub(super) async fn settle_all(&mut self) {
        while let Some(settled) = self.awaited.next().await {
            self.settle(settled);
        }
    }

    /// Takes what could not be delivered, in the order in which it was submitted.
    pub(super) fn take_unprocessed(&mut self) -> Vec<Unprocessed<T>> {
        let mut unprocessed = std::mem::take(&mut self.unprocessed);
        unprocessed.sort_unstable_by_key(|(place, _)| *place);
        unprocessed.into_iter().map(|(_, unprocessed)| unprocessed).collect()
    }

    fn settle(&mut self, Settled { place, payload, failure }: Settled<T>) {
        if let Some(error) = failure {
            self.unprocessed.push((place, Unprocessed::undelivered(payload, error)));
        }
    }
}

impl<T, F> Outstanding<T, F> {
    /// Returns how many payloads wait for a flush.
    pub(super) fn unprocessed_len(&self) -> usize {
        self.unprocessed.len()
    }
}

/// A payload that waits for its receipt.
struct Awaited<T, F> {
    place: u64,
    /// Taken when the receipt resolves.
    payload: Option<T>,
    receipt: F,
}

/// What became of a payload.
struct Settled<T> {
    place: u64,
    payload: T,
    /// `None` once it is stored.
    failure: Option<Error>,
}

// The payload is never pinned.
impl<T, F: Unpin> Unpin for Awaited<T, F> {}

impl<T, F: TryFuture<Error = Error> + Unpin> Future for Awaited<T, F> {
    type Output = Settled<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Settled<T>> {
        let failure = ready!(self.receipt.try_poll_unpin(cx)).err();
        let payload = self.payload.take().expect("a receipt resolves once");
        Poll::Ready(Settled { place: self.place, payload, failure })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures::channel::oneshot;
    use headwater::ErrorKind;

    use super::*;

    type Told = Result<(), Error>;

    /// A receipt that counts how often it is asked.
    struct Counted(oneshot::Receiver<Told>, Rc<Cell<usize>>);

    impl Future for Counted {
        type Output = Told;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Told> {
            self.1.set(self.1.get() + 1);
            self.0.poll_unpin(cx).map(|told| told.expect("every receipt is told"))
        }
    }

    #[test]
    fn a_payload_costs_two_looks_at_its_receipt_however_many_are_outstanding() {
        for outstanding in [1, 100, 10_000] {
            let looks = Rc::new(Cell::new(0));
            let mut subject = Outstanding::new();
            let mut senders = std::collections::VecDeque::new();
            for payload in 0..20_000 {
                subject.settle_known();
                let (tx, rx) = oneshot::channel();
                subject.push(payload, Counted(rx, Rc::clone(&looks)));
                senders.push_back(tx);
                if senders.len() > outstanding {
                    senders.pop_front().unwrap().send(Ok(())).unwrap();
                }
            }
            assert!(looks.get() <= 40_000, "{} looks with {outstanding} outstanding", looks.get());
        }
    }

    #[test]
    fn what_failed_is_returned_in_the_order_of_submission() {
        let looks = Rc::new(Cell::new(0));
        let mut subject = Outstanding::new();
        let mut senders: Vec<_> = (0..5)
            .map(|payload| {
                let (tx, rx) = oneshot::channel();
                subject.push(payload, Counted(rx, Rc::clone(&looks)));
                tx
            })
            .collect();
        for place in [4, 0, 2] {
            let error = Error::new(ErrorKind::Throttled, "put a record");
            senders.remove(place).send(Err(error)).unwrap();
            subject.settle_known();
        }
        let payloads: Vec<_> = subject.take_unprocessed().iter().map(|failed| *failed.payload()).collect();
        assert_eq!(payloads, [0, 3, 4]);
        assert_eq!(subject.unprocessed_len(), 0);
    }
}
