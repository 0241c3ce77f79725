//! The in-process stream itself.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::batch::{BatchSink, ShardRange};
use crate::memory::fetch::MemoryFetch;
use crate::memory::shard::MemoryShard;
use crate::memory::{MemoryFaults, MemoryRecord};
use crate::source::{Fetch, ReadFrom, Shard, ShardedSource, SourceConfig, Upstream};
use crate::{Error, ErrorKind, Key, Result, ShardId};

/// A stream with shards inside this process. It behaves as Kinesis does where pipelines can tell: records are routed
/// by key, shards split and merge, and reading is at-least-once with checkpoints. It keeps
/// everything until it is dropped or [trimmed](Self::trim).
///
/// Clones share the stream.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 2);
/// stream.put("customer-7", "an order");
///
/// let mut source = stream.source().await?;
/// let message = source.try_next().await?.expect("one was put");
/// assert_eq!(message.payload(), "an order");
/// message.ack();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStream {
    inner: Arc<Inner>,
}

struct Inner {
    name: Arc<str>,
    state: Mutex<State>,
    faults: MemoryFaults,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    shards: Vec<MemoryShard>,
    last_sequence: u64,
}

impl MemoryStream {
    /// Creates a stream whose shards share the hash space evenly.
    ///
    /// # Panics
    ///
    /// If `shards` is 0.
    pub fn new(name: impl Into<Arc<str>>, shards: usize) -> Self {
        assert!(shards > 0, "a stream has one shard at least");
        let width = (u64::MAX / shards as u64).max(1);
        let shards = (0..shards).map(|index| {
            let first = index as u64 * width;
            let last = if index + 1 == shards { u64::MAX } else { first + width - 1 };
            MemoryShard::new(index, first..=last, Vec::new())
        });
        let state = Mutex::new(State { shards: shards.collect(), last_sequence: 0 });
        let faults = MemoryFaults::new();
        let inner = Inner { name: name.into(), state, faults, changed: watch::Sender::new(()) };
        Self { inner: Arc::new(inner) }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Returns the fault switches.
    pub fn faults(&self) -> &MemoryFaults {
        &self.inner.faults
    }

    /// Puts a record, and returns it as it is stored.
    pub fn put(&self, key: impl Into<Key>, payload: impl Into<Bytes>) -> MemoryRecord {
        let key = key.into();
        let hash = hash_of(&key);
        let mut state = self.lock();
        state.last_sequence += 1;
        let sequence = state.last_sequence.to_string().into();
        let shard = state.shards.iter_mut().find(|shard| shard.takes(hash));
        let shard = shard.expect("the open shards cover every hash");
        let record = MemoryRecord {
            shard: shard.id.clone(),
            sequence,
            key,
            payload: payload.into(),
            arrival: SystemTime::now(),
        };
        shard.push(record.clone());
        drop(state);
        self.inner.changed.send_replace(());
        record
    }

    /// Returns every record, shard by shard.
    pub fn records(&self) -> Vec<MemoryRecord> {
        self.lock().shards.iter().flat_map(|shard| shard.records_from(0).cloned()).collect()
    }

    /// Forgets the records of a shard up to one, that one included, as if their retention were over.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::MemoryStream;
    ///
    /// let stream = MemoryStream::new("orders", 1);
    /// let first = stream.put("customer-7", "first");
    /// let second = stream.put("customer-7", "second");
    /// stream.trim(&first);
    /// assert_eq!(stream.records(), [second]);
    /// ```
    pub fn trim(&self, last: &MemoryRecord) {
        if let Some(shard) = self.lock().shards.iter_mut().find(|shard| shard.id == last.shard) {
            shard.trim(&last.sequence);
        }
    }

    /// Returns the shards that take records.
    pub fn open_shards(&self) -> Vec<ShardId> {
        let state = self.lock();
        state.shards.iter().filter(|shard| shard.children.is_none()).map(|shard| shard.id.clone()).collect()
    }

    /// Splits an open shard in two halves and returns them.
    ///
    /// # Errors
    ///
    /// `Invalid` if there is no such open shard.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::MemoryStream;
    ///
    /// let stream = MemoryStream::new("orders", 1);
    /// let parent = stream.put("customer-7", "before").shard;
    /// let children = stream.split(&parent)?;
    /// assert_eq!(stream.open_shards(), children);
    /// assert!(children.contains(&stream.put("customer-7", "after").shard));
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn split(&self, shard: &ShardId) -> Result<[ShardId; 2]> {
        let mut state = self.lock();
        let range = state.open(shard)?.range.clone();
        let middle = range.start() + (range.end() - range.start()) / 2;
        let low = state.add(*range.start()..=middle, vec![shard.clone()]);
        let high = state.add(middle + 1..=*range.end(), vec![shard.clone()]);
        state.open(shard)?.children = Some(vec![low.clone(), high.clone()]);
        drop(state);
        self.inner.changed.send_replace(());
        Ok([low.id, high.id])
    }

    /// Merges two adjacent open shards and returns the one that they become.
    ///
    /// # Errors
    ///
    /// `Invalid` if one is not open, or the two are not adjacent.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::MemoryStream;
    ///
    /// let stream = MemoryStream::new("orders", 3);
    /// let shards = stream.open_shards();
    /// let child = stream.merge(&shards[1], &shards[2])?;
    /// assert_eq!(stream.open_shards(), [shards[0].clone(), child]);
    /// assert!(stream.merge(&shards[1], &shards[2]).is_err(), "both are closed now");
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn merge(&self, low: &ShardId, high: &ShardId) -> Result<ShardId> {
        let mut state = self.lock();
        let (lower, upper) = (state.open(low)?.range.clone(), state.open(high)?.range.clone());
        if lower.end().checked_add(1) != Some(*upper.start()) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("merge {low} and {high}: they are not adjacent"),
            ));
        }
        let child = state.add(*lower.start()..=*upper.end(), vec![low.clone(), high.clone()]);
        for parent in [low, high] {
            state.open(parent)?.children = Some(vec![child.clone()]);
        }
        drop(state);
        self.inner.changed.send_replace(());
        Ok(child.id)
    }

    /// Reads the stream from its beginning, with checkpoints in memory.
    ///
    /// # Errors
    ///
    /// As [`source_with`](Self::source_with).
    pub async fn source(&self) -> Result<ShardedSource> {
        self.source_with(SourceConfig::default()).await
    }

    /// Reads the stream with settings of one's own.
    ///
    /// # Errors
    ///
    /// `Invalid` for a setting out of range, or what the checkpoint store answers.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use headwater::source::{SourceConfig, Until};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// # let stream = MemoryStream::new("orders", 2);
    /// # stream.put("customer-7", "an order");
    /// let mut config = SourceConfig::default();
    /// config.application = "billing".to_owned();
    /// config.until = Until::Tip;
    /// let orders: Vec<_> = stream.source_with(config).await?.try_collect().await?;
    /// assert_eq!(orders.len(), 1);
    /// orders.into_iter().for_each(Message::ack);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn source_with(&self, config: SourceConfig) -> Result<ShardedSource> {
        ShardedSource::connect(Arc::new(self.clone()), config).await
    }

    /// Writes to the stream: a batching sink with its default settings. The stream is itself the service of a
    /// [`BatchSink`], for those who want other ones.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, which the sink's task needs.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::StreamExt;
    /// use headwater::codec::{self, DecodeExt, EncodeExt};
    /// use headwater::source::{SourceConfig, Until};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> headwater::Result<()> {
    /// let (orders, invoices) = (MemoryStream::new("orders", 2), MemoryStream::new("invoices", 1));
    /// orders.put("customer-7", "21");
    ///
    /// let mut config = SourceConfig::default();
    /// config.until = Until::Tip;
    /// let source = orders.source_with(config).await?.decode(codec::json::<u64>());
    /// let control = source.control();
    /// source
    ///     .map(|order| order?.try_map(|n| n.checked_mul(2).ok_or("too much")))
    ///     .forward(invoices.sink().encode(codec::json_lines()))
    ///     .await?;
    /// control.finished().await?; // the last checkpoint is stored
    ///
    /// assert_eq!(invoices.records()[0].payload, "42\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn sink(&self) -> BatchSink {
        let settings = BatchSink::builder().name(self.inner.name.clone());
        let routed = settings.routing(self.clone(), self.ranges());
        routed.build(self.clone()).expect("the default settings are within range")
    }

    /// Lists every shard with the hash keys that it holds.
    pub(super) fn ranges(&self) -> Vec<ShardRange> {
        self.lock().shards.iter().map(MemoryShard::shard_range).collect()
    }

    pub(super) fn with_shard<T>(&self, id: &ShardId, f: impl FnOnce(&MemoryShard) -> T) -> T {
        let state = self.lock();
        let shard = state.shards.iter().find(|shard| shard.id == *id);
        f(shard.expect("shards are never removed"))
    }

    /// Returns what resolves at the next change after this call.
    pub(super) fn changed(&self) -> impl Future<Output = ()> + use<> {
        let mut changed = self.inner.changed.subscribe();
        async move {
            // The sender lives in the stream that the waiter holds.
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self, id: &ShardId) -> Result<&mut MemoryShard> {
        let open = self.shards.iter_mut().find(|shard| shard.id == *id && shard.children.is_none());
        open.ok_or_else(|| Error::new(ErrorKind::Invalid, format!("reshard {id}: no such open shard")))
    }

    fn add(&mut self, range: RangeInclusive<u64>, parents: Vec<ShardId>) -> Shard {
        let shard = MemoryShard::new(self.shards.len(), range, parents);
        let described = shard.describe();
        self.shards.push(shard);
        described
    }
}

impl Upstream for MemoryStream {
    fn stream(&self) -> &str {
        &self.inner.name
    }

    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>> {
        let shards = self.lock().shards.iter().map(MemoryShard::describe).collect();
        std::future::ready(Ok(shards)).boxed()
    }

    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch> {
        Box::new(MemoryFetch::new(self.clone(), shard.clone(), from))
    }
}

impl fmt::Debug for MemoryStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStream").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

/// Spreads keys over the hash space. An explicit hash key counts by its upper half, so that ranges mean the same.
pub(super) fn hash_of(key: &Key) -> u64 {
    if let Some(hash) = key.explicit_hash_key() {
        return (hash.get() >> 64) as u64;
    }
    let mut hasher = DefaultHasher::new();
    key.partition_key().hash(&mut hasher);
    hasher.finish()
}
