//! A stream whose shards split and merge, and which does as it is told.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use tower::Service;

use crate::batch::{Batch, BatchResponse, Entry, Refused, Routing, ShardRange, ShardScope, Stored};
use crate::{Error, ErrorKind, HashKey, Key, Result};

/// What becomes of a request.
pub(super) enum Fate {
    /// Stores the entries that are not refused.
    Answer(Vec<Option<ErrorKind>>),
    /// Stores every entry, and says nothing of it.
    Lose,
    /// Stores nothing and fails.
    Fail(ErrorKind),
    /// Stores nothing, or everything, and never answers.
    Hang { stored: bool },
}

/// What becomes of a question for the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Right,
    /// As it was before the last reshard.
    Stale,
    /// One open shard is missing.
    HalfDone,
    Fail,
    Hang,
}

type Script = dyn FnMut(&mut Shards, &Batch) -> Fate + Send;
type Lister = dyn FnMut() -> Listing + Send;

/// A stream whose shards split and merge, and which does as it is told.
#[derive(Clone)]
pub(super) struct Stream(Arc<Mutex<Inner>>);

struct Inner {
    shards: Shards,
    script: Box<Script>,
    lister: Box<Lister>,
    latency: Box<dyn FnMut() -> Duration + Send>,
}

/// The shards, and what they hold.
pub(super) struct Shards {
    all: Vec<ShardRange>,
    before: Vec<ShardRange>,
    pub(super) records: Vec<Record>,
}

/// What a shard holds.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) shard: ShardRange,
    pub(super) entry: Entry,
}

impl Shards {
    fn even(count: u128) -> Self {
        let width = u128::MAX / count;
        let range = |nth: u128| ShardRange {
            id: format!("shard-{nth}").as_str().into(),
            first: HashKey::new(nth * width),
            last: HashKey::new(if nth + 1 == count { u128::MAX } else { (nth + 1) * width - 1 }),
            open: true,
        };
        let all: Vec<_> = (0..count).map(range).collect();
        Self { before: all.clone(), all, records: Vec::new() }
    }

    pub(super) fn open(&self) -> Vec<ShardRange> {
        let mut open: Vec<_> = self.all.iter().filter(|shard| shard.open).cloned().collect();
        open.sort_by_key(|shard| shard.first);
        open
    }

    /// Splits the open shard that holds a hash key, evenly.
    pub(super) fn split(&mut self, hash_key: HashKey) {
        let parent = self.close(hash_key);
        let (first, last) = (parent.first.get(), parent.last.get());
        let middle = first + (last - first) / 2;
        self.add(first, middle);
        self.add(middle + 1, last);
    }

    /// Merges the open shard that holds a hash key with the one above it.
    pub(super) fn merge(&mut self, hash_key: HashKey) {
        let lower = self.close(hash_key);
        if lower.last == HashKey::MAX {
            self.add(lower.first.get(), lower.last.get());
            return;
        }
        let upper = self.close(HashKey::new(lower.last.get() + 1));
        self.add(lower.first.get(), upper.last.get());
    }

    fn close(&mut self, hash_key: HashKey) -> ShardRange {
        self.before.clone_from(&self.all);
        let shard = self.all.iter_mut().find(|shard| shard.open && shard.holds(hash_key)).expect("a shard");
        shard.open = false;
        shard.clone()
    }

    fn add(&mut self, first: u128, last: u128) {
        let id = format!("shard-{}", self.all.len()).as_str().into();
        let (first, last) = (HashKey::new(first), HashKey::new(last));
        self.all.push(ShardRange { id, first, last, open: true });
    }

    fn store(&mut self, entry: &Entry) -> Stored {
        let hash_key = hash_key(&entry.key);
        let shard = self.all.iter().find(|shard| shard.open && shard.holds(hash_key)).expect("a shard");
        self.records.push(Record { shard: shard.clone(), entry: entry.clone() });
        Stored { shard: shard.id.clone(), sequence: self.records.len().to_string().into() }
    }

    fn list(&self, listing: Listing, scope: ShardScope) -> Vec<ShardRange> {
        let mut listed = if listing == Listing::Stale { self.before.clone() } else { self.all.clone() };
        listed.retain(|shard| shard.open || scope == ShardScope::All);
        if listing == Listing::HalfDone {
            listed.pop();
        }
        listed
    }
}

/// Returns where a key lands.
pub(super) fn hash_key(key: &Key) -> HashKey {
    key.explicit_hash_key().unwrap_or_else(|| {
        let hash = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul((1 << 88) + 0x13b);
        let hash = key.partition_key().bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, hash);
        // FNV-1a leaves the upper bits of short keys alike.
        HashKey::new(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).swap_bytes())
    })
}

impl Stream {
    /// Makes a stream that stores everything.
    pub(super) fn new(shards: u128) -> Self {
        let inner = Inner {
            shards: Shards::even(shards),
            script: Box::new(|_, batch| Fate::Answer(vec![None; batch.records()])),
            lister: Box::new(|| Listing::Right),
            latency: Box::new(|| Duration::from_millis(10)),
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Has it do what a script says of each request, after it split or merged shards.
    pub(super) fn script(self, script: impl FnMut(&mut Shards, &Batch) -> Fate + Send + 'static) -> Self {
        self.0.lock().unwrap().script = Box::new(script);
        self
    }

    pub(super) fn lister(self, lister: impl FnMut() -> Listing + Send + 'static) -> Self {
        self.0.lock().unwrap().lister = Box::new(lister);
        self
    }

    pub(super) fn latency(self, latency: impl FnMut() -> Duration + Send + 'static) -> Self {
        self.0.lock().unwrap().latency = Box::new(latency);
        self
    }

    pub(super) fn reshard<T>(&self, change: impl FnOnce(&mut Shards) -> T) -> T {
        change(&mut self.0.lock().unwrap().shards)
    }

    pub(super) fn open(&self) -> Vec<ShardRange> {
        self.reshard(|shards| shards.open())
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.reshard(|shards| shards.records.clone())
    }

    fn act(&self, batch: &Batch) -> Option<Result<BatchResponse>> {
        let Inner { shards, script, .. } = &mut *self.0.lock().unwrap();
        let refusals = match script(shards, batch) {
            Fate::Answer(refusals) => refusals,
            Fate::Fail(kind) => return Some(Err(Error::new(kind, "fail the request"))),
            Fate::Lose => {
                batch.entries().iter().for_each(|entry| drop(shards.store(entry)));
                return Some(Err(Error::new(ErrorKind::Timeout, "lose the answer")));
            }
            Fate::Hang { stored } => {
                batch.entries().iter().filter(|_| stored).for_each(|entry| drop(shards.store(entry)));
                return None;
            }
        };
        let outcomes = batch.entries().iter().zip(refusals).map(|(entry, refusal)| match refusal {
            Some(kind) => Err(Refused { code: format!("{kind:?}"), message: "no".into(), kind }),
            None => Ok(shards.store(entry)),
        });
        Some(Ok(BatchResponse::new(outcomes.collect())))
    }
}

impl Routing for Stream {
    fn hash_key(&self, key: &Key) -> HashKey {
        hash_key(key)
    }

    fn shard_ranges(&self, scope: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        let stream = self.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let listing = (stream.0.lock().unwrap().lister)();
            match listing {
                Listing::Hang => std::future::pending().await,
                Listing::Fail => Err(Error::new(ErrorKind::Throttled, "list the shards")),
                listing => Ok(stream.reshard(|shards| shards.list(listing, scope))),
            }
        }
        .boxed()
    }
}

impl Service<Batch> for Stream {
    type Response = BatchResponse;
    type Error = Error;
    type Future = BoxFuture<'static, Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        let stream = self.clone();
        let latency = (self.0.lock().unwrap().latency)();
        async move {
            tokio::time::sleep(latency).await;
            let answer = stream.act(&batch);
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}
