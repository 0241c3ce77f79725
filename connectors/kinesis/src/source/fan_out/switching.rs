//! Reads one shard by a subscription where it can, and by polling where it cannot.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::source::{Fetch, Page, ReadFrom};
use headwater::{Error, ErrorKind, Position, Result, SequenceNumber, ShardId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::api::Lost;
use crate::limits;
use crate::source::fan_out::Consumer;
use crate::source::fan_out::connections::Connection;
use crate::source::fan_out::consumer::State;
use crate::source::fan_out::subscription::Subscription;
use crate::source::polling::PollingFetch;
use crate::wire::Answer;

/// How many subscriptions in a row may end without an event until the shard is polled for a while.
const FAILURES: u32 = 3;
/// How long it is then polled. Up to as much again is added, so that shards do not come back in step.
const RETURN: Duration = Duration::from_mins(3);

/// Reads a shard. Between subscriptions it polls: what has come by then waits for nobody, and each way begins where the
/// other has ended, which is after the last page that was returned.
pub(in crate::source) struct SwitchingFetch {
    consumer: Arc<Consumer>,
    state: watch::Receiver<State>,
    shard: ShardId,
    polling: PollingFetch,
    /// Its place on a connection, kept from one subscription to the next.
    connection: Option<Connection>,
    subscription: Option<Subscription>,
    /// The one event that is held outside the byte budget.
    arrived: Option<(Instant, Answer)>,
    /// Ends the reading.
    failed: Option<Error>,
    /// Where the last event that was returned says to go on.
    continuation: Option<SequenceNumber>,
    subscribe_at: Instant,
    /// How many subscriptions have failed since the last event.
    failures: u32,
}

impl SwitchingFetch {
    pub(in crate::source) fn new(consumer: Arc<Consumer>, shard: ShardId, from: ReadFrom) -> Self {
        consumer.reads(1);
        let polling = PollingFetch::new(Arc::clone(&consumer.polling), shard.clone(), from);
        Self {
            state: consumer.watch(),
            consumer,
            shard,
            connection: None,
            subscription: None,
            arrived: None,
            failed: None,
            continuation: None,
            subscribe_at: polling.next_call(),
            polling,
            failures: 0,
        }
    }

    /// Waits for an event, or until the shard is to be polled.
    async fn arrive(&mut self) {
        while self.arrived.is_none() && self.failed.is_none() {
            if let Some(subscription) = &mut self.subscription {
                match subscription.next().await {
                    Ok(event) => {
                        self.failures = 0;
                        self.arrived = Some((Instant::now(), event));
                    }
                    Err(lost) => self.lose(lost),
                }
                continue;
            }
            let state = self.state.borrow_and_update().clone();
            match state {
                State::Failed(error) => self.failed = Some(error.restate()),
                State::Active(arn) if self.subscribe_at <= Instant::now() => self.subscribe(&arn).await,
                State::Active(_) => tokio::select! {
                    biased;
                    () = sleep_until(self.subscribe_at) => {}
                    () = self.polling.due() => return,
                },
                State::Awaited | State::Closed => tokio::select! {
                    biased;
                    () = self.polling.due() => return,
                    // The sender is a field of the consumer: it outlives the receiver.
                    _ = self.state.changed() => {}
                },
            }
        }
    }

    async fn subscribe(&mut self, arn: &Arc<str>) {
        // Counted from before the call too: one whose answer was lost may have succeeded.
        self.subscribe_at = next_subscribe();
        let from = match self.continuation.clone() {
            Some(sequence) => ReadFrom::Position(Position::After { sequence, sub_sequence: None }),
            None => self.polling.cursor().start(),
        };
        let connection = self.connection.get_or_insert_with(|| self.consumer.connections.take());
        match Subscription::open(&self.consumer, connection, arn, &self.shard, &from).await {
            Ok(subscription) => {
                self.subscribe_at = next_subscribe();
                self.subscription = Some(subscription);
                let cursor = self.polling.hand_over();
                if self.continuation.is_some() { cursor.continued() } else { cursor.reopened() }
            }
            Err(error) => self.fail(Some(arn), error),
        }
    }

    fn lose(&mut self, lost: Lost) {
        self.subscription = None;
        let context = || format!("read {} of \"{}\" by fan-out", self.shard, self.consumer.stream());
        let (reason, error) = match lost {
            Lost::Expired => ("expired", Error::new(ErrorKind::Unavailable, context())),
            Lost::Stalled => ("stalled", Error::new(ErrorKind::Timeout, context())),
            Lost::Broken(error) if error.kind() == ErrorKind::NotReady => ("in_use", error),
            Lost::Broken(error) => ("broken", error),
        };
        self.consumer.polling.meters.resubscribed(reason);
        let state = self.state.borrow().clone();
        let arn = if let State::Active(arn) = &state { Some(arn) } else { None };
        self.fail(arn, error);
    }

    /// Decides what follows on a subscription that failed or ended.
    fn fail(&mut self, arn: Option<&Arc<str>>, error: Error) {
        let (stream, shard) = (self.consumer.stream(), &self.shard);
        tracing::debug!(stream, %shard, %error, "subscription ended");
        match error.kind() {
            ErrorKind::AccessDenied => return self.failed = Some(error),
            ErrorKind::NotFound | ErrorKind::Invalid => {
                // It may have been the number to go on from that the service does not know.
                self.continuation = None;
                if let (Some(arn), ErrorKind::NotFound) = (arn, error.kind()) {
                    self.consumer.lose(arn);
                }
            }
            _ => {}
        }
        self.failures += 1;
        if self.failures >= FAILURES {
            tracing::warn!(stream, %shard, %error, "fan-out failed {FAILURES} times in a row; polling");
            self.consumer.polling.meters.fallbacks.increment(1);
            self.failures = 0;
            self.subscribe_at = Instant::now() + RETURN.mul_f64(1.0 + fastrand::f64());
        }
    }

    async fn page(&mut self) -> Result<Page> {
        if self.subscription.is_some() {
            self.arrive().await;
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if let Some((arrived, event)) = self.arrived.take() {
            return Ok(self.take(arrived, event));
        }
        let page = self.polling.next().await?;
        if !page.records.is_empty() {
            self.continuation = None;
        }
        Ok(page)
    }

    /// Moves past an event.
    fn take(&mut self, arrived: Instant, event: Answer) -> Page {
        let continuation = event.continuation.clone();
        let is_last = !event.children.is_empty();
        let page = self.polling.pass(arrived, event, is_last);
        // While a gap may yet show, only the record itself is a safe place to go on from.
        self.continuation = continuation.filter(|_| self.polling.cursor().is_proven());
        page
    }
}

impl Fetch for SwitchingFetch {
    fn due(&mut self) -> BoxFuture<'_, ()> {
        self.arrive().boxed()
    }

    fn largest(&self) -> usize {
        self.arrived().unwrap_or_else(|| self.polling.largest())
    }

    fn arrived(&self) -> Option<usize> {
        self.arrived.as_ref().map(|(_, event)| event.payloads)
    }

    fn park(&mut self) {
        self.arrived = None;
        if self.subscription.take().is_some() {
            self.consumer.polling.meters.resubscribed("parked");
        }
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Page>> {
        self.page().boxed()
    }
}

impl Drop for SwitchingFetch {
    fn drop(&mut self) {
        self.subscription = None;
        self.consumer.reads(-1);
    }
}

/// Returns when the next SubscribeToShard call may be made after one that is made now.
fn next_subscribe() -> Instant {
    Instant::now() + limits::SUBSCRIBE_PAUSE.mul_f64(1.0 + fastrand::f64() / 5.0)
}
