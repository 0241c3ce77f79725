//! What becomes of an entry once something is known of it.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::batch::OnKeyFailure;
use crate::batch::engine::{Engine, Flight};
use crate::batch::entry::Entry;
use crate::batch::gate::Settled;
use crate::batch::request::leaves_doubt;
use crate::batch::response::{BatchResponse, Refused};
use crate::batch::unsettled::{Unsettled, Waiting};
use crate::service::Attempted;
use crate::{Delivery, Error, ErrorKind, Message, Result, Undelivered};

/// Why an attempt at an entry failed.
#[derive(Clone, Copy)]
enum Failure<'a> {
    /// The entry was refused.
    Entry(&'a Refused),
    /// The request failed whole.
    Request {
        error: &'a Error,
        /// The same for all its entries, so that they come back as one request and not as one each.
        share: f64,
    },
}

impl Engine {
    /// Settles the entries of an answered request at once, whatever the others of it wait for.
    ///
    /// # Errors
    ///
    /// A failure that no retry would change: the sink must stop.
    pub(super) fn settle(
        &mut self,
        flight: Flight,
        answer: Result<BatchResponse>,
        now: Instant,
    ) -> Result<()> {
        let Flight { batch, unsettled } = flight;
        let outcomes = match answer.and_then(|response| response.for_entries(unsettled.len())) {
            Ok(outcomes) => outcomes,
            Err(error) => return self.settle_failed(Flight { batch, unsettled }, error, now),
        };
        let maybe_stored = batch.maybe_stored();
        for (index, (mut unsettled, outcome)) in unsettled.into_iter().zip(outcomes).enumerate() {
            match outcome {
                Ok(_) => self.confirm(&unsettled),
                Err(refused) => {
                    unsettled.maybe_stored |= maybe_stored || leaves_doubt(refused.kind);
                    self.retry(batch.entries()[index].clone(), unsettled, Failure::Entry(&refused), now);
                }
            }
        }
        Ok(())
    }

    fn settle_failed(&mut self, flight: Flight, error: Error, now: Instant) -> Result<()> {
        let Flight { mut batch, unsettled } = flight;
        batch.failed_attempt(&error);
        let maybe_stored = batch.maybe_stored();
        let failure = Failure::Request { error: &error, share: fastrand::f64() };
        for (mut unsettled, entry) in unsettled.into_iter().zip(batch.entries()) {
            unsettled.maybe_stored |= maybe_stored;
            if error.is_retryable() {
                self.retry(entry.clone(), unsettled, failure, now);
            } else {
                self.hand_back(&unsettled, &error, unsettled.delivery());
            }
        }
        if error.is_retryable() { Ok(()) } else { Err(error) }
    }

    fn confirm(&mut self, unsettled: &Unsettled) {
        for message in unsettled.messages.each().filter_map(|place| self.backlog.remove(place)) {
            self.settled.records += 1;
            self.settled.bytes += message.wire_len();
            message.ack();
        }
        self.backlog.release(unsettled.chain);
    }

    /// Has an entry wait out its backoff, ahead of the later ones of its key, or gives it up.
    fn retry(&mut self, entry: Entry, unsettled: Unsettled, failure: Failure<'_>, now: Instant) {
        let age = unsettled.first_attempt.map_or(Duration::ZERO, |first| now - first);
        let backoff = || self.settings.retry.backoff(unsettled.attempts, age, failure.share());
        if let Some(backoff) = failure.is_retryable().then(backoff).flatten() {
            self.gate.status.count_retry();
            self.retries.push(now + backoff, Waiting { entry, unsettled });
            return;
        }
        let context = format!(
            "put to \"{}\" failed after {} attempts in {age:.1?}",
            self.gate.name, unsettled.attempts
        );
        let error = failure.into_error(context);
        self.hand_back(&unsettled, &error, unsettled.delivery());
        if self.settings.on_key_failure == OnKeyFailure::HandBack {
            for place in self.backlog.fail(unsettled.chain) {
                self.settled.hand_back_follower(self.backlog.remove(place));
            }
        }
        self.backlog.release(unsettled.chain);
    }

    /// Hands everything back after a fatal error: no call would succeed.
    pub(super) fn fail(&mut self, fatal: Error) {
        self.hand_back_rest(&fatal);
        self.settled.fatal = Some(fatal);
    }

    /// Hands back what could not be sent before the deadline.
    pub(super) fn give_up_the_rest(&mut self) {
        let deadline = self.settings.close_deadline;
        let context = format!("close \"{}\": not sent within {deadline:?}", self.gate.name);
        self.hand_back_rest(&Error::new(ErrorKind::Timeout, context));
    }

    /// Hands everything back because the task is being dropped.
    pub(super) fn stop(&mut self) {
        let context = format!("put to \"{}\": the sink's task was stopped", self.gate.name);
        let stopped = Error::new(ErrorKind::Closed, context);
        self.hand_back_rest(&stopped);
    }

    /// Hands back whatever is unsettled. What is in flight may be stored; its calls are dropped with the engine.
    fn hand_back_rest(&mut self, reason: &Error) {
        for flight in std::mem::take(&mut self.flights).into_iter().flatten() {
            for unsettled in flight.unsettled {
                self.hand_back(&unsettled, reason, Delivery::Unknown);
            }
        }
        let (queued, ready) = self.backlog.drain();
        for Waiting { unsettled, .. } in std::mem::take(&mut self.retries).into_waiting().chain(ready) {
            self.hand_back(&unsettled, reason, unsettled.delivery());
        }
        for place in queued {
            self.settled.hand_back(self.backlog.remove(place), reason.restate());
        }
        // After a panic: whatever was in the hands of the code that panicked.
        for message in self.backlog.rest() {
            self.settled.returned.push(Undelivered::new(message, reason.restate(), Delivery::Unknown));
        }
        for accepted in self.inbox.drain().1 {
            self.settled.hand_back(Some(accepted.message), reason.restate());
        }
    }

    /// Hands back every message of an entry.
    fn hand_back(&mut self, unsettled: &Unsettled, reason: &Error, delivery: Delivery) {
        for message in unsettled.messages.each().filter_map(|place| self.backlog.remove(place)) {
            self.settled.returned.push(Undelivered::new(message, reason.restate(), delivery));
        }
    }
}

impl Settled {
    /// Hands back a message that was never sent.
    pub(super) fn hand_back(&mut self, message: Option<Message<Bytes>>, reason: Error) {
        let returned = message.map(|message| Undelivered::new(message, reason, Delivery::NotStored));
        self.returned.extend(returned);
    }

    /// Hands back a message whose key failed.
    pub(super) fn hand_back_follower(&mut self, message: Option<Message<Bytes>>) {
        let context = "not sent: an earlier message of its key could not be delivered";
        self.hand_back(message, Error::new(ErrorKind::Undelivered, context));
    }
}

impl Failure<'_> {
    fn is_retryable(self) -> bool {
        match self {
            Self::Entry(refused) => refused.kind.is_retryable(),
            Self::Request { error, .. } => error.is_retryable(),
        }
    }

    /// Draws how much of the bound of its backoff an entry waits. Entries that were refused together do not come back
    /// together.
    fn share(self) -> f64 {
        match self {
            Self::Entry(_) => fastrand::f64(),
            Self::Request { share, .. } => share,
        }
    }

    fn into_error(self, context: String) -> Error {
        match self {
            Self::Entry(refused) => Error::new(refused.kind, context).caused_by(refused.clone()),
            Self::Request { error, .. } => Error::new(error.kind(), context).caused_by(error.restate()),
        }
    }
}
