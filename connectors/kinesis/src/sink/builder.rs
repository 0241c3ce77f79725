//! Describes a Kinesis sink and connects it.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use futures::Sink;
use headwater::batch::{Batch, BatchResponse};
use headwater::batch::{BatchSink, BatchSinkBuilder, Flushed, OnKeyFailure, Ordering, SharedLimit};
use headwater::service::{RetryConfig, RetryLayer, TimeoutLayer};
use headwater::{BoxError, Error, ErrorKind, Message, Result};
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder};

use crate::PutRecords;
use crate::connection::{Connection, connection_settings};
use crate::limits::{PUT_BYTES, PUT_RECORDS};
use crate::sink::admission::KinesisAdmission;
use crate::sink::layers::Layers;
use crate::sink::routing::KinesisRouting;
use crate::sink::{KinesisSink, Limits};

/// Describes a [`KinesisSink`]. Every setting has a default; [`connect`](Self::connect) checks them all.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater_kinesis::{KinesisSink, Limits};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 1).build();
/// let builder = KinesisSink::builder("orders")
///     .client(local.client())
///     .partition_key_identifier("customer")
///     .linger(Duration::from_millis(20))
///     .limits(Limits::Unlimited);
/// let sink = builder.connect().await?;
/// # drop(sink);
///
/// let error = KinesisSink::builder("orders").batch_records(501).connect().await.unwrap_err();
/// assert_eq!(error.to_string(), "batch_records = 501: 1 to 500 is allowed");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until connect is called"]
pub struct KinesisSinkBuilder {
    connection: Connection,
    batch: BatchSinkBuilder,
    retry: RetryConfig,
    layers: Layers,
    limits: Limits,
    batch_records: usize,
    batch_bytes: usize,
    partition_key_identifier: Option<String>,
}

/// How often a request that failed whole is sent before its entries go back to their keys.
const REQUEST_ATTEMPTS: u32 = 3;

impl KinesisSinkBuilder {
    pub(super) fn new(stream: String) -> Self {
        Self {
            connection: Connection::new(stream),
            batch: BatchSink::builder(),
            retry: RetryConfig::default()
                .retry_limit(REQUEST_ATTEMPTS)
                .expo_backoff_limit(Duration::from_secs(10))
                .deadline(Duration::from_mins(2)),
            layers: Layers::default(),
            limits: Limits::default(),
            batch_records: PUT_RECORDS,
            batch_bytes: PUT_BYTES,
            partition_key_identifier: None,
        }
    }

    connection_settings!();

    /// Sets the most records of a request, 1 to 500. Default: 500.
    pub fn batch_records(mut self, records: usize) -> Self {
        self.batch_records = records;
        self
    }

    /// Sets the most bytes of a request, partition keys included, up to 10 MiB. Default: 10 MiB. A record that is
    /// larger travels alone.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes;
        self
    }

    /// Sets how long a part-filled record or request waits for company. Default: 100 ms; zero sends at once. A full
    /// one never waits.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.batch = self.batch.linger(linger);
        self
    }

    /// Sets how many requests may be in flight, 1 or more. Default: 4.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.batch = self.batch.max_in_flight(requests);
        self
    }

    /// Sets how many messages may be accepted and unsettled, those handed back and not taken included, 1 or more. Default:
    /// 10,000.
    pub fn max_queue(mut self, messages: usize) -> Self {
        self.batch = self.batch.max_queue(messages);
        self
    }

    /// Sets how many bytes may be accepted and unsettled, 1 or more. Default: 64 MiB. The last message may exceed it.
    ///
    /// Short payloads of an [`encode`](headwater::codec::EncodeExt::encode) share memory that is not counted: a message may
    /// keep 4 KiB of it where all others that shared it are stored, which [`max_queue`](Self::max_queue) bounds.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.batch = self.batch.max_queue_bytes(bytes);
        self
    }

    /// Sets the length of a record that holds several messages, in bytes before it is compressed, up to the stream's record
    /// limit. Default: 51,200, as the KPL has it, and 256 KiB where the codec compresses records. A message that is larger
    /// travels alone.
    pub fn frame_size(mut self, bytes: usize) -> Self {
        self.batch = self.batch.frame_size(bytes);
        self
    }

    /// Sets the most messages of a record that holds several, 1 or more. Default: no limit but `frame_size`.
    pub fn frame_messages(mut self, messages: usize) -> Self {
        self.batch = self.batch.frame_messages(messages);
        self
    }

    /// Sends what cannot be delivered to another sink, which acks it: see [`BatchSinkBuilder::dead_letters`]. Default: it
    /// is handed back.
    pub fn dead_letters(mut self, sink: impl Sink<Message<Bytes>, Error = Error> + Send + 'static) -> Self {
        self.batch = self.batch.dead_letters(sink);
        self
    }

    /// Has a function told of each request once it is settled: see [`BatchSinkBuilder::on_flush`]. This is
    /// `after_flush_fun` of async-kinesis. Default: none.
    pub fn on_flush(mut self, tell: impl Fn(&Flushed) + Send + Sync + 'static) -> Self {
        self.batch = self.batch.on_flush(tell);
        self
    }

    /// Sets which order is kept. Default: [`Ordering::PerKey`].
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.batch = self.batch.ordering(ordering);
        self
    }

    /// Sets what becomes of the later messages of a key of which one failed for good. Default:
    /// [`OnKeyFailure::HandBack`].
    pub fn on_key_failure(mut self, policy: OnKeyFailure) -> Self {
        self.batch = self.batch.on_key_failure(policy);
        self
    }

    /// Takes each partition key from a top-level field of the JSON payload: a string, number or boolean, as text. It
    /// replaces the key of the message, an explicit hash key included. A message without the field is refused.
    /// Default: the key of the message, or a generated one (UUID) where it has none.
    pub fn partition_key_identifier(mut self, field: impl Into<String>) -> Self {
        self.partition_key_identifier = Some(field.into());
        self
    }

    /// Sets how often an entry is tried again. Default: until its time to live is over.
    pub fn retry_limit(mut self, retries: u32) -> Self {
        self.batch = self.batch.retry_limit(retries);
        // The layer would multiply the limit.
        self.retry = self.retry.retry_limit(1);
        self
    }

    /// Sets the bound of an entry's first backoff, which doubles with every failed attempt and of which a random part is
    /// waited, 1 ms to 7 days. Default: 100 ms. A request that failed whole is first sent up to three times as it is, after
    /// one to two times this and then two to four times; with a `retry_limit` it is not.
    pub fn expo_backoff(mut self, backoff: Duration) -> Self {
        self.batch = self.batch.expo_backoff(backoff);
        self.retry = self.retry.expo_backoff(backoff);
        self
    }

    /// Sets what a backoff never exceeds, `expo_backoff` or more. Default: 10 s.
    pub fn expo_backoff_limit(mut self, limit: Duration) -> Self {
        self.batch = self.batch.expo_backoff_limit(limit);
        self.retry = self.retry.expo_backoff_limit(limit);
        self
    }

    /// Sets how long after its first attempt an entry is tried again, 1 ms to 7 days: it is given up at the failure whose
    /// backoff would end later. Default: 120 s. What was never sent waits for as long as the sink is open.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.batch = self.batch.time_to_live(time_to_live);
        self.retry = self.retry.deadline(time_to_live);
        self
    }

    /// Sets how long a sink that was closed, dropped or failed goes on sending what it accepted. Default: 30 s; 0 to 7 days.
    pub fn close_deadline(mut self, deadline: Duration) -> Self {
        self.batch = self.batch.close_deadline(deadline);
        self
    }

    /// Sets how fast the sink writes to each shard. Default: what a shard takes, [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Shares the limit of each shard with other sinks of the stream: see [`SharedLimit`]. Default: not shared.
    pub fn shared_limit(mut self, limit: impl SharedLimit) -> Self {
        self.batch = self.batch.shared_limit(limit);
        self
    }

    /// Adds a layer around [`PutRecords`], inside retry and timeout: it sees every attempt. The first that is
    /// added is the outermost. An error of its own, that is not a [`headwater::Error`], counts as `Unavailable`.
    ///
    /// # Example
    ///
    /// Counts attempts:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use futures::SinkExt;
    /// use headwater::Message;
    /// use headwater_kinesis::KinesisSink;
    /// use tower::ServiceExt;
    /// use tower::layer::layer_fn;
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("orders", 1).build();
    /// let attempts = Arc::new(AtomicU32::new(0));
    /// let counter = Arc::clone(&attempts);
    /// let count = layer_fn(move |service: tower::util::BoxCloneService<_, _, _>| {
    ///     let counter = Arc::clone(&counter);
    ///     service.map_request(move |batch| {
    ///         counter.fetch_add(1, Ordering::Relaxed);
    ///         batch
    ///     })
    /// });
    /// let mut sink = KinesisSink::builder("orders").client(local.client()).layer(count).connect().await?;
    /// sink.send(Message::new("payload".into())).await?;
    /// assert_eq!(attempts.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxCloneService<Batch, BatchResponse, Error>> + Send + 'static,
        L::Service: Service<Batch, Response = BatchResponse> + Clone + Send + 'static,
        <L::Service as Service<Batch>>::Error: Into<BoxError>,
        <L::Service as Service<Batch>>::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Connects to the stream.
    ///
    /// Makes one DescribeStreamSummary call and one ListShards call per thousand shards (none where the stream
    /// distributes records by itself), and before them one CreateStream call if the stream is to be created.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming a setting and its range; `NotFound` for a stream that does not exist; `NotReady` for one that
    /// is not ACTIVE in time; `AccessDenied`; `Unavailable` or `Timeout` when the endpoint cannot be reached after four
    /// tries.
    pub async fn connect(mut self) -> Result<KinesisSink> {
        self.check()?;
        let retry = RetryLayer::new(self.retry)?;
        // On the heap: every caller's future would hold the largest of the calls.
        let (api, summary) = Box::pin(self.connection.open()).await?;
        let put_records = BoxCloneService::new(PutRecords::of(&api));
        let service = ServiceBuilder::new()
            .layer(retry)
            .layer(TimeoutLayer::new(
                format!("put records to {}", api.stream),
                self.connection.attempt_timeout,
            ))
            .service(self.layers.around(put_records));
        let admission = KinesisAdmission { partition_key_identifier: self.partition_key_identifier };
        let mut batch = self
            .batch
            .name(api.stream.name())
            .batch_records(self.batch_records)
            .batch_bytes(self.batch_bytes)
            .record_bytes(summary.max_record)
            .admission(admission);
        // Where Kinesis chooses the shard of each record there is nothing to predict, and one lane for all of them.
        let shards_of_lane = if summary.auto_distribution { summary.open_shards } else { 1 };
        if let Some(limit) = self.limits.of_lane(shards_of_lane, summary.on_demand) {
            batch = batch.lane_limit(limit);
        }
        if !summary.auto_distribution {
            let routing = KinesisRouting::new(api);
            let shards = routing.first().await?;
            batch = batch.routing(routing, shards);
        }
        Ok(KinesisSink::new(batch.build(service)?, summary.auto_distribution))
    }

    /// Checks what can be checked before the stream is known.
    fn check(&mut self) -> Result<()> {
        check("batch_records", self.batch_records, 1..=PUT_RECORDS)?;
        check("batch_bytes", self.batch_bytes, 1..=PUT_BYTES)?;
        self.connection.check()?;
        if let Limits::PerShard { records, bytes } = self.limits {
            check("limits(records)", records as usize, 1..=usize::MAX)?;
            check("limits(bytes)", bytes as usize, 1..=usize::MAX)?;
        }
        // How large a record may be is not known yet.
        self.batch = std::mem::take(&mut self.batch).record_bytes(PUT_BYTES);
        self.batch.check()
    }
}

/// Refuses a setting that is outside its range, which the error names.
pub(crate) fn check(name: &str, value: usize, range: RangeInclusive<usize>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let allowed = match *range.end() {
        usize::MAX => format!("at least {}", range.start()),
        most => format!("{} to {most}", range.start()),
    };
    Err(Error::new(ErrorKind::Invalid, format!("{name} = {value}: {allowed} is allowed")))
}
