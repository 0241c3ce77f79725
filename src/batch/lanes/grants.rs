//! Asks for parts of a limit that several sinks share.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::Result;
use crate::batch::in_time::in_time;
use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::limiter::ANSWER;
use crate::batch::lanes::map::LaneId;
use crate::batch::{Allowance, SharedLimit};

/// Asks for parts of a limit that several sinks share: one question for each lane that has something to send and little
/// left to send it with.
pub(in crate::batch) struct Grants {
    limit: Arc<dyn SharedLimit>,
    stream: Arc<str>,
    asked: FuturesUnordered<BoxFuture<'static, (LaneId, Result<Allowance>)>>,
    /// The last question could not be asked.
    failing: bool,
}

impl Grants {
    pub(in crate::batch) fn new(limit: Arc<dyn SharedLimit>, stream: Arc<str>) -> Self {
        Self { limit, stream, asked: FuturesUnordered::new(), failing: false }
    }

    /// Asks for what the lanes want, and gives them what is granted.
    pub(in crate::batch) fn poll(&mut self, backlog: &mut Backlog, cx: &mut Context<'_>, now: Instant) {
        self.ask(backlog, now);
        while let Poll::Ready(Some((id, granted))) = self.asked.poll_next_unpin(cx) {
            if let Err(error) = &granted
                && !self.failing
            {
                tracing::warn!(sink = &*self.stream, %error, "the shared limit cannot be asked: lanes go by their own");
            }
            self.failing = granted.is_err();
            if let Some(limiter) = &mut backlog.lane(id).limiter {
                limiter.granted(granted.ok(), now);
            }
        }
    }

    fn ask(&mut self, backlog: &mut Backlog, now: Instant) {
        for (id, shard, limit, wanted) in backlog.wants(now) {
            let granted = self.limit.take(&self.stream, &shard, limit, wanted);
            self.asked.push(Box::pin(async move {
                let asked = || "take from the shared limit".to_owned();
                (id, in_time(ANSWER, asked, granted).await)
            }));
        }
    }
}
