//! What a subscription gives next.

use std::sync::Arc;
use std::task::Waker;

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::faults::{EventFault, Target};
use crate::limits;
use crate::operation::Operation;
use crate::ops::{Reading, Subscribed};
use crate::store::{Bucket, End, Record, Timestamp};

/// A subscription between two events.
#[derive(Debug)]
pub(super) struct Feed {
    endpoint: Arc<Endpoint>,
    subscribed: Subscribed,
    ends: Timestamp,
    /// When an event is due even if it holds no record.
    due: Timestamp,
    pushed: Bucket,
    /// A fault silenced it.
    silent: bool,
    finished: bool,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// An event, and the counter that it can be resumed after.
    Event(Reading, Option<u64>),
    /// The last message, which says why.
    Exception(Error),
    /// The connection breaks.
    Reset,
    End,
    /// Nothing until this time, or for ever, unless the subscription is woken.
    Wait(Option<Timestamp>),
}

impl Feed {
    pub(super) fn new(endpoint: Arc<Endpoint>, subscribed: Subscribed) -> Self {
        Self {
            ends: subscribed.began.saturating_add(endpoint.account.settings.subscription_time),
            due: subscribed.began,
            pushed: Bucket::default(),
            silent: false,
            finished: false,
            endpoint,
            subscribed,
        }
    }

    /// Registers who is woken when [`step`](Self::step) may no longer wait.
    pub(super) fn register(&self, waker: &Waker) {
        self.subscribed.signal.register(waker);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.endpoint.account.clock.now()
    }

    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        if self.finished {
            return Step::End;
        }
        match self.subscribed.signal.ended() {
            Some(End::Reset) => self.finish(Step::Reset),
            _ if self.silent => Step::Wait(None),
            Some(why) => {
                let last = self.exception(why).map_or(Step::End, Step::Exception);
                self.finish(last)
            }
            None if now >= self.ends => self.finish(Step::End),
            None => self.event(now),
        }
    }

    fn event(&mut self, now: Timestamp) -> Step {
        let (reading, continuation) = match self.read(now) {
            Ok(read) => read,
            Err(until) => return Step::Wait(Some(until)),
        };
        match self.strike() {
            Some(EventFault::Disconnect) => return self.finish(Step::Reset),
            Some(EventFault::Stall) => {
                self.silent = true;
                return Step::Wait(None);
            }
            None => {}
        }
        self.due = now.saturating_add(self.endpoint.account.settings.heartbeat);
        self.endpoint.tally.pushed(reading.records.len() as u64);
        let event = Step::Event(reading, continuation);
        if continuation.is_none() { self.finish(event) } else { event }
    }

    /// Reads an event, or says when to look again. The counter to resume after is missing at the end of the shard.
    fn read(&mut self, now: Timestamp) -> Result<(Reading, Option<u64>), Timestamp> {
        let Subscribed { stream, shard, next, .. } = &mut self.subscribed;
        let state = stream.state(now);
        let rate = self.endpoint.rates.of(&stream.name, shard.id).push_bytes_per_second;
        let blocked = self.pushed.delay(rate, now);
        if blocked > 0 {
            return Err(self.ends.min(now + blocked));
        }
        let mut log = shard.log();
        log.trim(state.horizon(now));
        let page = log.read(*next, limits::EVENT_RECORDS, self.endpoint.account.settings.event_bytes);
        let continuation = if page.at_end {
            None
        } else if page.records.is_empty() {
            if now < self.due {
                // A change of the stream takes effect when somebody looks.
                let change = state.phase.until().unwrap_or(Timestamp::MAX);
                return Err(self.due.min(self.ends).min(change));
            }
            // A number of its own: neither AT nor AFTER it is any record that was there before.
            Some(log.mark(&stream.counter))
        } else {
            Some(page.next - 1)
        };
        drop(log);
        *next = continuation.map_or(page.next, |counter| counter + 1);
        self.pushed.take(page.records.iter().map(Record::size).sum(), rate);
        Ok((Reading::new(page, Arc::clone(shard), &state, now), continuation))
    }

    /// Draws the event's fault.
    fn strike(&self) -> Option<EventFault> {
        let (stream, shard) = (&self.subscribed.stream.name, &self.subscribed.shard.name);
        let target =
            Target { operation: Operation::SubscribeToShard, stream: Some(stream), shard: Some(shard) };
        let (fault, kind) = self.endpoint.faults.plan()?.event(target)?;
        self.endpoint.tally.faults(kind, 1);
        Some(fault)
    }

    fn finish(&mut self, last: Step) -> Step {
        self.finished = true;
        self.subscribed.signal.end(End::Over);
        last
    }

    /// What a client is told that did not reach the end. `None` where the end says it all.
    fn exception(&self, why: End) -> Option<Error> {
        let (stream, shard) = (&self.subscribed.stream, &self.subscribed.shard.name);
        let account = self.endpoint.account.id();
        Some(match why {
            End::TakenOver => {
                let message = format!(
                    "Another subscription of the same consumer took shard {shard} in stream {} under account \
                     {account} over.",
                    stream.name
                );
                Error::new(ErrorCode::ResourceInUse, message)
            }
            End::Deregistered => Error::not_found(format!(
                "The consumer that subscribed to shard {shard} in stream {} under account {account} was deregistered.",
                stream.name
            )),
            End::StreamDeleted => stream.not_found(account),
            End::Over | End::Reset => return None,
        })
    }
}
