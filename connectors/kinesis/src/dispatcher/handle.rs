//! The dispatcher itself.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future;
use headwater::batch::{BatchStatus, Producer};
use headwater::codec::{Codec, Serializer, json};
use headwater::{Error, ErrorKind, Message, Result};
use serde::Serialize;

use crate::dispatcher::outstanding::Outstanding;
use crate::dispatcher::{DispatcherBuilder, Unprocessed};
use crate::sink::{KinesisSink, KinesisSinkBuilder};

/// Sends plain values to a stream in batches, and returns those that could not be delivered: the calls of
/// boto3-batch-utils' `KinesisBatchDispatcher`, on the engine of [`KinesisSink`].
///
/// | boto3-batch-utils | here |
/// |---|---|
/// | `KinesisBatchDispatcher(stream)` | [`Dispatcher::builder(stream)`](Self::builder)`.connect()` |
/// | `partition_key_identifier=` | [`partition_key_identifier`](DispatcherBuilder::partition_key_identifier); without it a generated key, as there |
/// | `max_batch_size=` (250) | [`max_batch_size`](DispatcherBuilder::max_batch_size) (250) |
/// | `submit_payload(payload)` | [`submit`](Self::submit) |
/// | `flush_payloads()` | [`flush`](Self::flush) |
///
/// - A batch is sent once it is full, or when it has waited for the sink's `linger` (100 ms), and several are on their
///   way at a time. What is refused is tried again alone, after a backoff, for the sink's `time_to_live` (120 s).
/// - A payload is serialized once. It is freed when it is known to be stored, which each `submit` and `flush` looks
///   for: at most one more than the sink's `max_queue` (10,000) are kept in both forms.
/// - What could not be delivered is kept for the next flush: once that is
///   [`max_unprocessed`](DispatcherBuilder::max_unprocessed) payloads (10,000), no more are accepted. Where one of a
///   partition key fails, those that wait behind it come back with it, unless the sink's `on_key_failure` says
///   otherwise.
/// - A dispatcher that is dropped still sends what it accepted, until the sink's `close_deadline` (30 s). What then
///   cannot be delivered goes to the sink's dead letters or, without such, to the log. What waits for a flush is
///   dropped, which the log tells.
///
/// For acks, keys that are not in the payload, or many tasks that send, use the sink or its
/// [`producer`](KinesisSink::producer).
///
/// # Example
///
/// ```
/// use headwater_kinesis::Dispatcher;
/// use serde_json::{Value, json};
/// # use headwater_kinesis::{KinesisSink, codec};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 2).build();
/// let dispatcher = Dispatcher::<Value>::builder("orders").partition_key_identifier("id");
/// # let sink = KinesisSink::builder("orders").client(local.client());
/// # let dispatcher = Dispatcher::over(sink, codec::json()).partition_key_identifier("id");
/// let mut dispatcher = dispatcher.connect().await?;
/// dispatcher.submit(json!({"id": "a4f315f8", "type": "furniture", "name": "table"})).await?;
/// dispatcher.submit(json!({"id": "0c6d64ef", "type": "furniture", "name": "chair"})).await?;
/// for unprocessed in dispatcher.flush().await {
///     eprintln!("{}: {}", unprocessed.payload(), unprocessed.reason());
/// }
/// # let mut keys: Vec<_> = local.records("orders")?.into_iter().map(|record| record.partition_key).collect();
/// # keys.sort();
/// # assert_eq!(keys, ["0c6d64ef", "a4f315f8"]);
/// # Ok(())
/// # }
/// ```
pub struct Dispatcher<T> {
    producer: Producer,
    serializer: Arc<dyn Serializer<T>>,
    /// Written to and copied out of for every payload, so that each gets one allocation of its exact length.
    scratch: Vec<u8>,
    outstanding: Outstanding<T>,
    max_unprocessed: usize,
}

/// The batch size of boto3-batch-utils.
const MAX_BATCH_SIZE: usize = 250;

impl<T: Serialize + 'static> Dispatcher<T> {
    /// Starts to describe a dispatcher to a stream, named by its name or its ARN, that sends JSON in requests of up to
    /// 250 records.
    pub fn builder(stream: impl Into<String>) -> DispatcherBuilder<T> {
        Self::over(KinesisSink::builder(stream).batch_records(MAX_BATCH_SIZE), json())
    }
}

impl<T: 'static> Dispatcher<T> {
    /// Starts to describe a dispatcher over a sink with settings of its own, and any codec.
    ///
    /// While the dispatcher lives, the sink's `dead_letters` get nothing: a flush returns it.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use headwater_kinesis::{Dispatcher, KinesisSink, codec};
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("events", 1).build();
    /// let sink = KinesisSink::builder("events").region("eu-west-1").time_to_live(Duration::from_secs(20));
    /// # let sink = sink.client(local.client());
    /// let mut dispatcher = Dispatcher::over(sink, codec::string()).connect().await?;
    /// dispatcher.submit("a line of text".to_owned()).await?;
    /// assert!(dispatcher.close().await.is_empty());
    /// # assert_eq!(local.records("events")?[0].data, "a line of text");
    /// # Ok(())
    /// # }
    /// ```
    pub fn over(sink: KinesisSinkBuilder, codec: Codec<impl Serializer<T>>) -> DispatcherBuilder<T> {
        DispatcherBuilder::new(sink, codec)
    }

    pub(super) fn new(
        producer: Producer,
        serializer: Arc<dyn Serializer<T>>,
        max_unprocessed: usize,
    ) -> Self {
        Self { producer, serializer, scratch: Vec::new(), outstanding: Outstanding::new(), max_unprocessed }
    }

    /// Waits for room and accepts a payload, which is sent without further calls.
    ///
    /// # Errors
    ///
    /// The payload, with the reason, where it was not accepted. `Encode` or `Invalid` for one that can never be sent:
    /// it cannot be serialized, has no field for its key, or is too large for a record; that concerns this one alone.
    /// `Undelivered` once as many payloads wait for a flush as may; `Closed` after a close or a fatal error.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped while it waits drops its payload.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::ErrorKind;
    /// use headwater_kinesis::{Dispatcher, KinesisSink, codec};
    /// # use headwater_local::LocalKinesis;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let local = LocalKinesis::builder().stream("orders", 1).build();
    /// let sink = KinesisSink::builder("orders");
    /// # let sink = sink.client(local.client());
    /// let mut dispatcher = Dispatcher::over(sink, codec::string()).connect().await?;
    /// let refused = dispatcher.submit("x".repeat(2 << 20)).await.unwrap_err();
    /// assert_eq!(refused.reason().kind(), ErrorKind::Invalid);
    /// dispatcher.submit(refused.payload()[..1000].to_owned()).await?;
    /// assert!(dispatcher.flush().await.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn submit(&mut self, payload: T) -> Result<(), Unprocessed<T>> {
        self.outstanding.settle_known();
        let receipt = match self.encode(&payload) {
            Ok(message) => self.producer.put(message).await,
            Err(error) => Err(error),
        };
        match receipt {
            Ok(receipt) => {
                self.outstanding.push(payload, receipt);
                Ok(())
            }
            Err(error) => Err(Unprocessed::refused(payload, &error)),
        }
    }

    /// Waits until everything submitted is settled, not lingering, and returns what could not be delivered since the
    /// last flush: each payload once, in the order of submission, with the reason and whether it may be stored all the
    /// same.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped takes nothing.
    #[must_use = "what could not be delivered is returned once"]
    pub async fn flush(&mut self) -> Vec<Unprocessed<T>> {
        // Together, so that payloads are freed while others are waited for. The list of the sink itself stays empty,
        // because every payload has a receipt.
        future::join(self.producer.flush(), self.outstanding.settle_all()).await;
        self.outstanding.take_unprocessed()
    }

    /// Accepts no more, waits until everything submitted is settled, at most for the sink's `close_deadline`, and
    /// returns what could not be delivered since the last flush.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped takes nothing, and the sink closes all the same.
    #[must_use = "what could not be delivered is returned once"]
    pub async fn close(&mut self) -> Vec<Unprocessed<T>> {
        future::join(self.producer.close(), self.outstanding.settle_all()).await;
        self.outstanding.take_unprocessed()
    }

    /// Returns the counters of the sink.
    pub fn status(&self) -> BatchStatus {
        self.producer.status()
    }

    fn encode(&mut self, payload: &T) -> Result<Message<Bytes>> {
        let waiting = self.outstanding.unprocessed_len();
        if waiting >= self.max_unprocessed {
            let context = format!("submit a payload: {waiting} that could not be delivered wait for a flush");
            return Err(Error::new(ErrorKind::Undelivered, context));
        }
        self.scratch.clear();
        self.serializer.serialize(payload, &mut self.scratch).map_err(|cause| {
            let context = format!("encode a payload as {}", self.serializer.name());
            Error::new(ErrorKind::Encode, context).caused_by(cause)
        })?;
        Ok(Message::new(Bytes::copy_from_slice(&self.scratch)))
    }
}

impl<T> Drop for Dispatcher<T> {
    fn drop(&mut self) {
        let count = self.outstanding.unprocessed_len();
        if count > 0 {
            tracing::warn!(count, "a dispatcher was dropped with payloads that it could not deliver");
        }
    }
}

impl<T: 'static> fmt::Debug for Dispatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("producer", &self.producer)
            .field("serializer", &self.serializer.name())
            .field("unprocessed", &self.outstanding.unprocessed_len())
            .finish_non_exhaustive()
    }
}
