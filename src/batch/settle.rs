//! What becomes of an entry once something is known of it.

use std::mem;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::engine::{Engine, Flight};
use crate::batch::entry::Entry;
use crate::batch::handles::receipt::Flown;
use crate::batch::lanes::accepted::Accepted;
use crate::batch::lanes::pack::Packed;
use crate::batch::lanes::unsettled::{Unsettled, Waiting};
use crate::batch::request::{Batch, leaves_doubt};
use crate::batch::response::{BatchResponse, Landing, Refused};
use crate::batch::suspects::{LOOKS, Suspect};
use crate::batch::tally::Tally;
use crate::batch::{Flushed, OnKeyFailure, ShardRange, ShardScope};
use crate::error::count;
use crate::service::Attempted;
use crate::{Delivery, Error, ErrorKind, Result, ShardId};

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
    /// The entry was stored on a shard that does not hold all its messages.
    Misplaced(&'a ShardId),
}

impl Engine {
    /// Settles the entries of an answered request at once, whatever the others of it wait for.
    ///
    /// # Errors
    ///
    /// A failure that no retry would change: the sink must stop.
    pub(super) fn settle(&mut self, slot: usize, answer: Result<BatchResponse>, now: Instant) -> Result<()> {
        let before = (self.settled.stored, self.settled.failed, self.retries.pushed());
        let Some(flight) = &self.flights[slot] else { return Ok(()) };
        let mut flushed = Flushed {
            entries: flight.batch.records(),
            bytes: flight.batch.bytes(),
            elapsed: now - flight.sent,
            error: answer.as_ref().err().map(Error::kind),
            stored: 0,
            failed: 0,
            retried: 0,
        };
        let settled = self.settle_each(slot, answer, now);
        self.flights[slot] = None;
        flushed.stored = self.settled.stored - before.0;
        flushed.failed = self.settled.failed - before.1;
        flushed.retried = (self.retries.pushed() - before.2) as usize;
        self.meters.flushed(&flushed);
        if let Some(on_flush) = &self.on_flush {
            on_flush(&flushed);
        }
        settled
    }

    fn settle_each(&mut self, slot: usize, answer: Result<BatchResponse>, now: Instant) -> Result<()> {
        let Some(Flight { batch, unsettled, lanes, sent }) = &self.flights[slot] else { return Ok(()) };
        let (batch, sent) = (batch.clone(), *sent);
        self.backlog.land_flight(lanes, now);
        let answer = match answer.and_then(|response| response.for_entries(unsettled.len())) {
            Ok(answer) => answer,
            Err(error) => return self.settle_failed(slot, batch, error, now),
        };
        let messages = unsettled.as_slice().iter().flat_map(|unsettled| unsettled.messages.each());
        self.backlog.pool.bring_near(messages);
        self.count_stored(slot, &answer, now);
        if answer.refused().iter().any(is_throttled) {
            self.slow_down(slot, &answer, now);
        }
        // While all entries lie where they are found: a recorder may panic.
        answer.refused().iter().for_each(|refused| self.meters.refused(refused));
        let maybe_stored = batch.maybe_stored();
        for (entry, outcome) in batch.entries().iter().zip(answer.each()) {
            let Some(mut unsettled) = self.next_unsettled(slot) else { break };
            match outcome {
                Ok(landing) => self.landed(entry, unsettled, landing, sent, now),
                Err(refused) => {
                    unsettled.maybe_stored |= maybe_stored || leaves_doubt(refused.kind);
                    self.retry(entry.clone(), unsettled, Failure::Entry(refused), now);
                }
            }
        }
        Ok(())
    }

    fn settle_failed(&mut self, slot: usize, mut batch: Batch, error: Error, now: Instant) -> Result<()> {
        batch.failed_attempt(&error);
        let maybe_stored = batch.maybe_stored();
        let failure = Failure::Request { error: &error, share: fastrand::f64() };
        for entry in batch.entries() {
            let Some(mut unsettled) = self.next_unsettled(slot) else { break };
            unsettled.maybe_stored |= maybe_stored;
            if error.is_retryable() {
                self.retry(entry.clone(), unsettled, failure, now);
            } else {
                self.hand_back(entry, &unsettled, &error, unsettled.delivery());
            }
        }
        if error.is_retryable() { Ok(()) } else { Err(error) }
    }

    /// Takes the next entry of a request that is being settled. The others stay where they are found after a panic.
    fn next_unsettled(&mut self, slot: usize) -> Option<Unsettled> {
        self.flights[slot].as_mut()?.unsettled.next()
    }

    /// Tells each lane of a request what its shard took.
    fn count_stored(&mut self, slot: usize, answer: &BatchResponse, now: Instant) {
        let Some(Flight { batch, unsettled, .. }) = &self.flights[slot] else { return };
        let mut tally = Tally::default();
        for ((unsettled, entry), outcome) in
            unsettled.as_slice().iter().zip(batch.entries()).zip(answer.each())
        {
            if outcome.is_ok() {
                tally.add(entry, unsettled, (&mut self.backlog, now), &self.meters);
            }
        }
        tally.tell((&mut self.backlog, now), &self.meters);
    }

    /// Tells each lane of a request how many entries its shard throttled.
    fn slow_down(&mut self, slot: usize, answer: &BatchResponse, now: Instant) {
        let Some(Flight { unsettled, sent, .. }) = &self.flights[slot] else { return };
        let outcomes = unsettled.as_slice().iter().zip(answer.each());
        let throttled = outcomes.filter(|(_, outcome)| outcome.is_err_and(is_throttled));
        let mut lanes: Vec<_> = throttled.map(|(unsettled, _)| unsettled.lane).collect();
        lanes.sort_unstable();
        for of_lane in lanes.chunk_by(PartialEq::eq) {
            self.backlog.lane(of_lane[0]).throttled(*sent, of_lane.len(), now);
        }
    }

    /// Confirms an entry that is stored where all its messages belong.
    fn landed(
        &mut self,
        entry: &Entry,
        unsettled: Unsettled,
        landing: Landing<'_>,
        sent: Instant,
        now: Instant,
    ) {
        let flown = Flown {
            attempts: unsettled.attempts,
            first_sent: unsettled.first_attempt.unwrap_or(sent),
            sent,
            answered: now,
        };
        if self.backlog.is_expected(&unsettled, landing.shard) {
            self.confirm(&unsettled, landing, flown);
            return;
        }
        if !unsettled.shared {
            // It belongs wherever it landed.
            self.refresh.ask(ShardScope::Open);
            self.confirm(&unsettled, landing, flown);
            return;
        }
        let stored = landing.to_stored();
        let holds = self.backlog.holds(&stored.shard, entry, &unsettled);
        if holds == Some(true) {
            self.refresh.ask(ShardScope::Open);
            self.confirm(&unsettled, landing, flown);
            return;
        }
        self.meters.misplaced.increment(1);
        tracing::debug!(shard = %stored.shard, "an entry landed on another shard than was expected");
        self.refresh.ask(if holds.is_some() { ShardScope::Open } else { ShardScope::All });
        let (entry, listing) = (entry.clone(), self.refresh.next_number());
        self.suspects.push(Suspect { entry, unsettled, stored, flown, listing, looks: 0 });
    }

    /// Learns which shards there are, and judges the entries that waited to know.
    pub(super) fn learn(&mut self, listing: u64, listed: Result<Vec<ShardRange>>, now: Instant) {
        let learned = listed.and_then(|listed| self.backlog.learn(listed, now));
        if let Err(error) = &learned {
            tracing::warn!(sink = &*self.gate.name, %error, "cannot tell which shards are open; asking again");
        }
        self.refresh.answered(learned.is_ok(), now);
        for mut suspect in self.suspects.take(listing) {
            match self.backlog.holds(&suspect.stored.shard, &suspect.entry, &suspect.unsettled) {
                Some(true) => self.confirm(&suspect.unsettled, suspect.stored.landing(), suspect.flown),
                None if suspect.looks + 1 < LOOKS => {
                    self.refresh.ask(ShardScope::All);
                    suspect.looks += 1;
                    suspect.listing = listing + 1;
                    self.suspects.push(suspect);
                }
                // Readers of the shard may have seen it, and drop what does not belong there.
                Some(false) | None => {
                    let Suspect { entry, mut unsettled, stored, .. } = suspect;
                    unsettled.maybe_stored = true;
                    self.retry(entry, unsettled, Failure::Misplaced(&stored.shard), now);
                }
            }
        }
    }

    fn confirm(&mut self, unsettled: &Unsettled, landing: Landing<'_>, flown: Flown) {
        let shares_record = unsettled.messages.is_many();
        for (nth, place) in unsettled.messages.each().enumerate() {
            let sub_sequence = shares_record.then_some(nth as u64);
            self.settled.confirm(&mut self.backlog.pool, place, landing, sub_sequence, flown);
        }
        self.budget.deposit();
        self.backlog.release(&unsettled.chains);
    }

    /// Has an entry wait out its backoff, ahead of the later ones of its key, or gives it up.
    fn retry(&mut self, entry: Entry, mut unsettled: Unsettled, failure: Failure<'_>, now: Instant) {
        let age = unsettled.first_attempt.map_or(Duration::ZERO, |first| now - first);
        let backoff = || self.settings.retry.backoff(unsettled.attempts, age, failure.share());
        if let Some(backoff) = failure.is_retryable().then(backoff).flatten() {
            self.gate.status.count_retry();
            let pause = self.budget.withdraw(now);
            let since = now + backoff.max(pause);
            unsettled.since = since;
            let waiting = Waiting { entry, unsettled };
            if let Failure::Misplaced(_) = failure {
                for part in self.backlog.reroute(waiting) {
                    self.retries.push(since, part);
                }
            } else {
                self.retries.push(since, waiting);
            }
            return;
        }
        let context = format!(
            "put to \"{}\" failed after {} in {age:.1?}",
            self.gate.name,
            count(unsettled.attempts as usize, "attempt")
        );
        let error = failure.into_error(context);
        // Whoever is told may send again at once.
        let turns = self.gate.turns();
        let told = self.hand_back(&entry, &unsettled, &error, unsettled.delivery()).then_some(turns);
        if self.settings.on_key_failure == OnKeyFailure::HandBack {
            for id in unsettled.chains.each() {
                for place in self.backlog.fail(id, told) {
                    let accepted = self.backlog.remove(place);
                    self.hand_back_follower(accepted);
                }
            }
        }
        self.backlog.release(&unsettled.chains);
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
        for Flight { batch, unsettled, .. } in mem::take(&mut self.flights).into_iter().flatten() {
            let settled = batch.records() - unsettled.len();
            for (entry, unsettled) in batch.entries()[settled..].iter().zip(unsettled) {
                self.hand_back(entry, &unsettled, reason, Delivery::Unknown);
            }
        }
        for suspect in mem::take(&mut self.suspects).drain() {
            self.hand_back(&suspect.entry, &suspect.unsettled, reason, Delivery::Unknown);
        }
        let Packed { entries, unsettled, .. } = mem::take(&mut self.packed);
        for (entry, unsettled) in entries.iter().zip(unsettled) {
            self.hand_back(entry, &unsettled, reason, unsettled.delivery());
        }
        let (queued, ready) = self.backlog.drain();
        for Waiting { entry, unsettled } in mem::take(&mut self.retries).into_waiting().chain(ready) {
            self.hand_back(&entry, &unsettled, reason, unsettled.delivery());
        }
        for place in queued {
            let accepted = self.backlog.remove(place);
            self.hand_back_one(accepted, reason, Delivery::NotStored);
        }
        // After a panic: whatever was in the hands of the code that panicked.
        for accepted in self.backlog.rest().collect::<Vec<_>>() {
            self.hand_back_one(Some(accepted), reason, Delivery::Unknown);
        }
        let accepted: Vec<_> = self.inbox.drain().collect();
        for accepted in accepted {
            self.hand_back_one(Some(accepted), reason, Delivery::NotStored);
        }
    }

    /// Hands back every message of an entry. Tells whether all of them were told elsewhere than by a flush.
    fn hand_back(
        &mut self,
        entry: &Entry,
        unsettled: &Unsettled,
        reason: &Error,
        delivery: Delivery,
    ) -> bool {
        let mut told = true;
        for place in unsettled.messages.each() {
            let mut accepted = self.backlog.remove(place);
            if let Some(accepted) = &mut accepted {
                accepted.take_back(entry);
            }
            told &= self.hand_back_one(accepted, reason, delivery);
        }
        told
    }

    /// Hands back a message whose key failed.
    pub(super) fn hand_back_follower(&mut self, accepted: Option<Accepted>) {
        let context = "not sent: an earlier message of its key could not be delivered";
        self.hand_back_one(accepted, &Error::new(ErrorKind::Undelivered, context), Delivery::NotStored);
    }

    /// Hands back a message that came when nothing was sent any more, while the dead letters close.
    pub(super) fn hand_back_late(&mut self, accepted: Accepted) {
        let closed = Error::new(ErrorKind::Closed, format!("put to \"{}\": the sink failed", self.gate.name));
        self.settled.hand_back(accepted, &closed, Delivery::NotStored, None);
    }

    fn hand_back_one(&mut self, accepted: Option<Accepted>, reason: &Error, delivery: Delivery) -> bool {
        let Some(accepted) = accepted else { return true };
        self.settled.hand_back(accepted, reason, delivery, self.dead_letters.as_mut())
    }
}

fn is_throttled(refused: &Refused) -> bool {
    refused.kind == ErrorKind::Throttled
}

impl Failure<'_> {
    fn is_retryable(self) -> bool {
        match self {
            Self::Entry(refused) => refused.kind.is_retryable(),
            Self::Request { error, .. } => error.is_retryable(),
            Self::Misplaced(_) => true,
        }
    }

    /// Draws how much of the bound of its backoff an entry waits. Entries that were refused together do not come back
    /// together.
    fn share(self) -> f64 {
        match self {
            Self::Entry(_) => fastrand::f64(),
            Self::Request { share, .. } => share,
            // Nothing is overloaded.
            Self::Misplaced(_) => 0.0,
        }
    }

    fn into_error(self, context: String) -> Error {
        match self {
            Self::Entry(refused) => Error::new(refused.kind, context).caused_by(refused.clone()),
            Self::Request { error, .. } => Error::new(error.kind(), context).caused_by(error.restate()),
            Self::Misplaced(shard) => {
                let cause = format!("it was stored on {shard}, which does not hold all its messages");
                Error::new(ErrorKind::Unavailable, context).caused_by(cause)
            }
        }
    }
}
