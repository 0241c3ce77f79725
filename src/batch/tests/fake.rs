//! A service that stores entries in memory, unless its script says otherwise.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use tower::Service;

use crate::batch::{Batch, BatchResponse, Entry, Refused, Stored};
use crate::{Error, ErrorKind, Result, SequenceNumber};

/// What the service does with a request.
pub(super) enum Act {
    /// Stores the entries that are not refused.
    Answer(Vec<Option<Refused>>),
    /// Stores every entry, and says nothing of it.
    Lose,
    /// Stores nothing and fails.
    Fail(ErrorKind),
    /// Stores nothing and never answers.
    Hang,
    /// Stores nothing and speaks of too few entries.
    Misanswer,
}

impl Act {
    pub(super) fn store_all(batch: &Batch) -> Self {
        Self::Answer(vec![None; batch.records()])
    }

    /// Refuses the entries for which `refusal` has a kind.
    pub(super) fn refuse(batch: &Batch, refusal: impl FnMut(&Entry) -> Option<ErrorKind>) -> Self {
        let refused = |kind| Refused { code: format!("{kind:?}Exception"), message: "no".into(), kind };
        Self::Answer(batch.entries().iter().map(refusal).map(|kind| kind.map(refused)).collect())
    }
}

type Script = dyn FnMut(usize, &Batch) -> Act + Send;

/// A service that stores entries in memory, unless its script says otherwise. Answers take a while.
#[derive(Clone)]
pub(super) struct Fake {
    inner: Arc<Mutex<Inner>>,
    latency: Duration,
}

struct Inner {
    script: Box<Script>,
    requests: Vec<Batch>,
    stored: Vec<Entry>,
    in_flight: usize,
    most_in_flight: usize,
}

impl Fake {
    /// Makes a service of a script, which gets the number of each request, from 0, and the request.
    pub(super) fn scripted(script: impl FnMut(usize, &Batch) -> Act + Send + 'static) -> Self {
        let inner = Inner {
            script: Box::new(script),
            requests: Vec::new(),
            stored: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), latency: Duration::from_millis(10) }
    }

    /// Makes a service that stores everything.
    pub(super) fn storing() -> Self {
        Self::scripted(|_, batch| Act::store_all(batch))
    }

    pub(super) fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    pub(super) fn requests(&self) -> Vec<Batch> {
        self.inner.lock().unwrap().requests.clone()
    }

    pub(super) fn stored(&self) -> Vec<Entry> {
        self.inner.lock().unwrap().stored.clone()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.inner.lock().unwrap().most_in_flight
    }

    /// Returns the numbers that are stored, in order; all, or those of one key.
    pub(super) fn numbers(&self, key: Option<&str>) -> Vec<u32> {
        let of_key = |entry: &Entry| key.is_none_or(|key| entry.key.partition_key() == key);
        self.stored().iter().filter(|entry| of_key(entry)).map(number).collect()
    }
}

/// Returns the number that is an entry's payload.
pub(super) fn number(entry: &Entry) -> u32 {
    std::str::from_utf8(&entry.data).unwrap().parse().unwrap()
}

impl Inner {
    fn act(&mut self, batch: &Batch) -> Option<Result<BatchResponse>> {
        self.in_flight -= 1;
        let number = self.requests.len();
        self.requests.push(batch.clone());
        match (self.script)(number, batch) {
            Act::Answer(refusals) => Some(Ok(self.store(batch, refusals))),
            Act::Lose => {
                self.store(batch, vec![None; batch.records()]);
                Some(Err(Error::new(ErrorKind::Timeout, "lose the answer")))
            }
            Act::Fail(kind) => Some(Err(Error::new(kind, "fail the request"))),
            Act::Hang => None,
            Act::Misanswer => Some(Ok(BatchResponse::new(Vec::new()))),
        }
    }

    fn store(&mut self, batch: &Batch, refusals: Vec<Option<Refused>>) -> BatchResponse {
        let outcomes = batch.entries().iter().zip(refusals).map(|(entry, refusal)| {
            if let Some(refused) = refusal {
                return Err(refused);
            }
            self.stored.push(entry.clone());
            let sequence = SequenceNumber::from(self.stored.len().to_string());
            Ok(Stored { shard: "shard".into(), sequence })
        });
        BatchResponse::new(outcomes.collect())
    }
}

impl Service<Batch> for Fake {
    type Response = BatchResponse;
    type Error = Error;
    type Future = BoxFuture<'static, Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        let fake = self.clone();
        {
            let mut inner = fake.inner.lock().unwrap();
            inner.in_flight += 1;
            inner.most_in_flight = inner.most_in_flight.max(inner.in_flight);
        }
        async move {
            tokio::time::sleep(fake.latency).await;
            let answer = fake.inner.lock().unwrap().act(&batch);
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}
