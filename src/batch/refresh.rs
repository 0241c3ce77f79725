//! When the sink asks which shards there are.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::Result;
use crate::batch::in_time::in_time;
use crate::batch::{Routing, ShardRange, ShardScope};

/// How long after one answer the next question comes at the earliest; doubled by each failure. What landed
/// elsewhere waits for an answer, so that the longest pause is short beside its time to live.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long an answer may take: entries wait for it.
const ANSWER: Duration = Duration::from_secs(30);

/// When the sink asks which shards there are: one question at a time, after a surprise and on a timer.
#[derive(Default)]
pub(super) struct Refresh {
    routing: Option<Arc<dyn Routing>>,
    /// How often it asks without a surprise.
    every: Duration,
    running: Option<BoxFuture<'static, Result<Vec<ShardRange>>>>,
    /// What it is asking.
    scope: Option<ShardScope>,
    /// What is to be asked next.
    asked: Option<ShardScope>,
    not_before: Option<Instant>,
    timer: Option<Instant>,
    failures: u32,
    /// How many questions began.
    begun: u64,
}

impl Refresh {
    pub(super) fn new(routing: Option<Arc<dyn Routing>>, every: Duration, now: Instant) -> Self {
        let timer = routing.is_some().then(|| now + every);
        Self { routing, every, timer, not_before: Some(now), ..Self::default() }
    }

    /// Asks, because an answer named a shard that was not expected.
    pub(super) fn ask(&mut self, scope: ShardScope) {
        self.asked = self.asked.max(Some(scope));
    }

    /// Returns the number of the first question whose answer is newer than everything so far.
    pub(super) fn next_number(&self) -> u64 {
        self.begun + 1
    }

    /// Asks what is to be asked, and returns what was answered, with the question's number.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> Option<(u64, Result<Vec<ShardRange>>)> {
        if self.timer.is_some_and(|timer| timer <= now) {
            self.timer = Some(now + self.every);
            self.ask(ShardScope::Open);
        }
        if self.running.is_none() && self.not_before.is_none_or(|not_before| not_before <= now) {
            self.scope = self.asked.take();
            self.running = self.routing.as_ref().zip(self.scope).map(|(routing, scope)| {
                in_time(ANSWER, || "list shards".to_owned(), routing.shard_ranges(scope)).boxed()
            });
            self.begun += u64::from(self.running.is_some());
        }
        let Poll::Ready(answer) = self.running.as_mut()?.poll_unpin(cx) else { return None };
        self.running = None;
        Some((self.begun, answer))
    }

    /// Takes notice of what an answer was worth. The same is asked again after a useless one.
    pub(super) fn answered(&mut self, useful: bool, now: Instant) {
        self.failures = if useful { 0 } else { self.failures + 1 };
        if !useful {
            self.asked = self.asked.max(self.scope);
        }
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.not_before = Some(now + pause);
    }

    /// Returns when to look again.
    pub(super) fn next(&self) -> Option<Instant> {
        match (&self.running, self.asked, self.not_before) {
            (None, Some(_), Some(not_before)) => Some(not_before),
            _ => self.timer,
        }
    }
}
