//! Builds a batching sink.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Sink;
use tower::Service;
use tower::util::BoxCloneService;

use crate::batch::admission::OwnKey;
use crate::batch::dead_letters::{DeadLetterSink, DeadLetters};
use crate::batch::engine::{Engine, OnFlush, Parts};
use crate::batch::handles::gate::Gate;
use crate::batch::handles::handle::Handle;
use crate::batch::lanes::map::ShardMap;
use crate::batch::settings::Settings;
use crate::batch::{
    Admission, Batch, BatchResponse, BatchSink, Flushed, LaneLimit, OnKeyFailure, Ordering, Routing,
    ShardRange, SharedLimit,
};
use crate::{Error, Message, Result};

/// Builds a [`BatchSink`]. The defaults are the quotas of Kinesis, 100 ms of linger and order per key.
///
/// # Example
///
/// ```
/// use headwater::batch::BatchSink;
/// # use headwater::batch::{Batch, BatchResponse};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let service = tower::service_fn(|_: Batch| async { Ok::<_, headwater::Error>(BatchResponse::new(Vec::new())) });
/// let error = BatchSink::builder().batch_records(0).build(service).unwrap_err();
/// assert_eq!(error.to_string(), "batch_records = 0: at least 1 is allowed");
/// # }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct BatchSinkBuilder {
    settings: Settings,
    admission: Arc<dyn Admission>,
    routing: Option<(Arc<dyn Routing>, Vec<ShardRange>)>,
    dead_letters: Option<DeadLetterSink>,
    on_flush: Option<OnFlush>,
    shared_limit: Option<Arc<dyn SharedLimit>>,
}

impl Default for BatchSinkBuilder {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            admission: Arc::new(OwnKey),
            routing: None,
            dead_letters: None,
            on_flush: None,
            shared_limit: None,
        }
    }
}

impl BatchSinkBuilder {
    /// Names the sink in errors and logs, as by the name of a stream (default `sink`).
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// Sets what is checked of each message before it is accepted, and which key it is sent under (default: any
    /// message, under its own key).
    pub fn admission(mut self, admission: impl Admission) -> Self {
        self.admission = Arc::new(admission);
        self
    }

    /// Sets the most entries of a request (default 500).
    pub fn batch_records(mut self, records: usize) -> Self {
        self.settings.batch_records = records;
        self
    }

    /// Sets the most bytes of a request, partition keys included (default 10 MiB). A record that is larger travels
    /// alone.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.batch_bytes = bytes;
        self
    }

    /// Sets the most bytes of a record, its partition key included (default 1 MiB). A message that is larger is
    /// refused by `start_send`.
    pub fn record_bytes(mut self, bytes: usize) -> Self {
        self.settings.record_bytes = bytes;
        self
    }

    /// Sets the length at which a frame of several messages is full, in bytes, before it is compressed (default: what the
    /// framing asks for, which is 51,200 of most and 256 KiB of compressed ones; at most `record_bytes`). A message that is
    /// larger travels alone.
    pub fn frame_size(mut self, bytes: usize) -> Self {
        self.settings.frame_size = Some(bytes);
        self
    }

    /// Sets the number of messages at which a frame is full (default: no such limit).
    pub fn frame_messages(mut self, messages: usize) -> Self {
        self.settings.frame_messages = messages;
        self
    }

    /// Sets how long a part-filled frame or request waits for company (default 100 ms; 0 to 7 days; zero sends at once). A full
    /// one never waits.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// Sets how many requests may be in flight (default 4).
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.settings.max_in_flight = requests;
        self
    }

    /// Sets how many messages may be accepted and unsettled, those handed back included (default 10,000).
    pub fn max_queue(mut self, messages: usize) -> Self {
        self.settings.max_queue = messages;
        self
    }

    /// Sets how many bytes may be accepted and unsettled, payloads and partition keys (default 64 MiB). A message is
    /// accepted while there are fewer, so the last one may exceed it.
    ///
    /// Short payloads of an [`encode`](crate::codec::EncodeExt::encode) share memory that is not counted: a message may keep
    /// 4 KiB of it where all others that shared it are stored, which [`max_queue`](Self::max_queue) bounds.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queue_bytes = bytes;
        self
    }

    /// Sets which order is kept (default [`Ordering::PerKey`]).
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.settings.ordering = ordering;
        self
    }

    /// Sets what becomes of the later messages of a key of which one failed for good (default
    /// [`OnKeyFailure::HandBack`]).
    pub fn on_key_failure(mut self, policy: OnKeyFailure) -> Self {
        self.settings.on_key_failure = policy;
        self
    }

    /// Sets how often an entry is tried again (default: until its time to live is over).
    pub fn retry_limit(mut self, retries: u32) -> Self {
        self.settings.retry.limit = Some(retries);
        self
    }

    /// Sets the bound of the first backoff, which doubles with every failed attempt of an entry (default 100 ms). The
    /// backoff itself is drawn evenly between zero and the bound.
    pub fn expo_backoff(mut self, backoff: Duration) -> Self {
        self.settings.retry.expo_backoff = backoff;
        self
    }

    /// Sets what the bound of the backoff never exceeds (default 10 s).
    pub fn expo_backoff_limit(mut self, limit: Duration) -> Self {
        self.settings.retry.expo_backoff_limit = limit;
        self
    }

    /// Sets how long after its first attempt an entry is tried again (default 120 s; 1 ms to 7 days): it is given up at the
    /// failure whose backoff would end later. What was never sent waits for as long as the sink is open.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.settings.retry.time_to_live = time_to_live;
        self
    }

    /// Sets how long a sink that was closed, dropped or failed goes on sending what it accepted (default 30 s; 0 to 7
    /// days).
    pub fn close_deadline(mut self, deadline: Duration) -> Self {
        self.settings.close_deadline = deadline;
        self
    }

    /// Tells the sink where keys land: it gives each shard a lane, and asks again on a surprise and every
    /// [`refresh_every`](Self::refresh_every) (default: one lane for everything).
    ///
    /// `shards` is the first listing. [`build`](Self::build) refuses one whose open shards do not cover every hash key.
    pub fn routing(mut self, routing: impl Routing, shards: Vec<ShardRange>) -> Self {
        self.routing = Some((Arc::new(routing), shards));
        self
    }

    /// Sets how often the shards are listed without a surprise (default 5 minutes; 1 s to 7 days).
    pub fn refresh_every(mut self, pause: Duration) -> Self {
        self.settings.refresh_every = pause;
        self
    }

    /// Sets how fast each lane goes, until throttling says otherwise (default: as fast as it is answered).
    pub fn lane_limit(mut self, limit: LaneLimit) -> Self {
        self.settings.lane_limit = Some(limit);
        self
    }

    /// Shares the limit of each lane with other sinks (default: not shared). It takes a
    /// [`lane_limit`](Self::lane_limit) too, which is what they share.
    pub fn shared_limit(mut self, limit: impl SharedLimit) -> Self {
        self.shared_limit = Some(Arc::new(limit));
        self
    }

    /// Sends what cannot be delivered to another sink, unless a [`Receipt`](crate::batch::Receipt) is waiting for it.
    /// That sink acks it. It is closed with this one, within `close_deadline`; what it has not taken by then, and everything
    /// once it fails, is handed back as without it.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::batch::BatchSink;
    /// use headwater::{ErrorKind, MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// # let (orders, rejects) = (MemoryStream::new("orders", 1), MemoryStream::new("rejects", 1));
    /// # orders.faults().fail_puts(1, ErrorKind::Throttled);
    /// let builder = BatchSink::builder().retry_limit(0).dead_letters(rejects.sink());
    /// let mut sink = builder.build(orders)?;
    /// sink.feed(Message::keyed("an order".into(), "customer-7")).await?;
    /// sink.close().await?;
    /// assert_eq!(rejects.records()[0].payload, "an order");
    /// # Ok(())
    /// # }
    /// ```
    pub fn dead_letters(mut self, sink: impl Sink<Message<Bytes>, Error = Error> + Send + 'static) -> Self {
        self.dead_letters = Some(Box::pin(sink));
        self
    }

    /// Has a function told of each request once it is settled. It runs on the sink's task, so it should not block; a
    /// panic in it ends the sink, which hands everything back. Not told of requests that are in flight when the sink fails
    /// or its deadline is over.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use futures::SinkExt;
    /// use headwater::batch::{BatchSink, Flushed};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stored = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&stored);
    /// let count = move |flushed: &Flushed| {
    ///     counter.fetch_add(flushed.stored, Ordering::Relaxed);
    /// };
    /// let mut sink = BatchSink::builder().on_flush(count).build(MemoryStream::new("orders", 1))?;
    /// sink.send(Message::new("an order".into())).await?;
    /// assert_eq!(stored.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_flush(mut self, tell: impl Fn(&Flushed) + Send + Sync + 'static) -> Self {
        self.on_flush = Some(Arc::new(tell));
        self
    }

    /// Checks every setting, as [`build`](Self::build) does.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting that is outside its range, and the range.
    pub fn check(&self) -> Result<()> {
        self.settings.check()
    }

    /// Builds the sink over a service, and starts its task.
    ///
    /// The service is cloned for every request. An error that is retryable has every entry of the request sent again;
    /// any other ends the sink.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the setting that is outside its range, and the range; `Unavailable` where the shards given to
    /// [`routing`](Self::routing) do not cover every hash key once.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn build<S>(self, service: S) -> Result<BatchSink>
    where
        S: Service<Batch, Response = BatchResponse, Error = Error> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
        let Self { settings, admission, routing, dead_letters, on_flush, shared_limit } = self;
        settings.check()?;
        let routing = match routing {
            Some((routing, shards)) => Some((routing, ShardMap::new(shards)?)),
            None => None,
        };
        let gate =
            Arc::new(Gate::new(Arc::clone(&settings.name), settings.max_queue, settings.max_queue_bytes));
        let handle = Handle { gate: Arc::clone(&gate), admission, record_bytes: settings.record_bytes };
        let service = BoxCloneService::new(service);
        let dead_letters = dead_letters.map(DeadLetters::new);
        let parts = Parts { service, routing, dead_letters, on_flush, shared_limit };
        // The handle owns the task: its drop has the task send what it holds, and end.
        tokio::spawn(Engine::new(gate, settings, parts));
        Ok(BatchSink::new(handle))
    }
}

impl fmt::Debug for BatchSinkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSinkBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
