//! What reading a Kinesis stream tells the [`metrics`] facade, and of each call a span of `tracing`.
//!
//! A recorder that is installed before the source connects sees them; without one they cost next to nothing. Records,
//! bytes and lag are told by the engine.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use headwater::ShardId;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::time::Instant;
use tracing::Instrument;

/// What is told of the reading of one stream.
#[derive(Debug)]
pub(super) struct Meters {
    stream: Arc<str>,
    pub(super) list_shards: Calls,
    pub(super) get_shard_iterator: Calls,
    pub(super) get_records: Calls,
    pub(super) describe_stream_consumer: Calls,
    pub(super) register_stream_consumer: Calls,
    pub(super) subscribe_to_shard: Calls,
    pub(super) expired_iterators: Counter,
    pub(super) subscriptions: Gauge,
    pub(super) fallbacks: Counter,
}

impl Meters {
    pub(super) fn new(stream: &str) -> Self {
        let stream: Arc<str> = stream.into();
        let name = || stream.to_string();
        Self {
            list_shards: Calls::new(&stream, "ListShards"),
            get_shard_iterator: Calls::new(&stream, "GetShardIterator"),
            get_records: Calls::new(&stream, "GetRecords"),
            describe_stream_consumer: Calls::new(&stream, "DescribeStreamConsumer"),
            register_stream_consumer: Calls::new(&stream, "RegisterStreamConsumer"),
            subscribe_to_shard: Calls::new(&stream, "SubscribeToShard"),
            subscriptions: gauge!("headwater_source_subscriptions", "stream" => name()),
            fallbacks: counter!("headwater_source_fallbacks_total", "stream" => name()),
            expired_iterators: counter!("headwater_source_expired_iterators_total", "stream" => name()),
            stream,
        }
    }

    /// Tells of a call that the quota of a shard refused.
    pub(super) fn throttled(&self, shard: &ShardId) {
        let (stream, shard) = (self.stream.to_string(), shard.to_string());
        counter!("headwater_source_throttled_total", "stream" => stream, "shard" => shard).increment(1);
    }

    /// Tells why a subscription is to be followed by another.
    pub(super) fn resubscribed(&self, reason: &'static str) {
        let stream = self.stream.to_string();
        counter!("headwater_source_resubscriptions_total", "stream" => stream, "reason" => reason)
            .increment(1);
    }
}

/// What is told of the calls of one operation.
#[derive(Debug)]
pub(super) struct Calls {
    stream: Arc<str>,
    operation: &'static str,
    begun: Counter,
    seconds: Histogram,
}

impl Calls {
    fn new(stream: &Arc<str>, operation: &'static str) -> Self {
        let name = || stream.to_string();
        Self {
            stream: Arc::clone(stream),
            operation,
            begun: counter!("headwater_source_calls_total", "stream" => name(), "operation" => operation),
            seconds: histogram!("headwater_source_call_seconds", "stream" => name(), "operation" => operation),
        }
    }

    /// Makes a call, that concerns the stream or one of its shards.
    pub(super) fn make<'a, T: 'a>(
        &'a self,
        shard: Option<&ShardId>,
        call: impl Future<Output = T> + Send + 'a,
    ) -> BoxFuture<'a, T> {
        let (stream, operation) = (&*self.stream, self.operation);
        let span = tracing::debug_span!("call", stream, operation, shard = shard.map(ShardId::as_str));
        // Boxed before it is wrapped: the futures of the SDK are large, and each wrapper would hold another.
        self.measure(call.boxed()).instrument(span).boxed()
    }

    /// Counts a call when it begins, so that one that is given up is told of too.
    async fn measure<T>(&self, call: BoxFuture<'_, T>) -> T {
        self.begun.increment(1);
        let begun = Instant::now();
        let answer = call.await;
        self.seconds.record(begun.elapsed());
        answer
    }
}
