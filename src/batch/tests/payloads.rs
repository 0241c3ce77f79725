//! Payloads, which are in the entries while these are on their way.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::Service;

use super::fake::{Act, Fake};
use super::numbered;
use crate::batch::{Batch, BatchResponse, BatchSink, Routing, ShardRange, ShardScope};
use crate::{ErrorKind, HashKey, Message, Result};

/// Panics when it is called, or when it is cloned for a call.
struct Fragile {
    clones: u32,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert_ne!(self.clones, 0, "cloned once too often");
        Self { clones: self.clones - 1 }
    }
}

impl Service<Batch> for Fragile {
    type Response = BatchResponse;
    type Error = crate::Error;
    type Future = Ready<Result<BatchResponse>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: Batch) -> Self::Future {
        assert!(batch.records() > 100, "called");
        ready(Ok(BatchResponse::new(Vec::new())))
    }
}

/// Sends ten messages of five keys, and checks that each comes back as it was submitted.
async fn expect_all_back(mut sink: BatchSink, why: &str) {
    for number in 0..10 {
        sink.feed(numbered(format!("key-{}", number % 5), number)).await.unwrap();
    }
    let mut back: Vec<_> = sink
        .drain()
        .await
        .into_iter()
        .map(|undelivered| {
            let message = undelivered.into_message();
            let number: u32 = std::str::from_utf8(message.payload()).unwrap().parse().unwrap();
            let key = message.key().unwrap().partition_key();
            assert_eq!(key, format!("key-{}", number % 5), "{why}");
            number
        })
        .collect();
    back.sort_unstable();
    assert_eq!(back, (0..10).collect::<Vec<_>>(), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_has_its_payload_and_its_key_whatever_became_of_its_entry() {
    let sink = |service| BatchSink::builder().time_to_live(Duration::from_secs(2)).build(service).unwrap();
    let refused = |kind| Fake::scripted(move |_, batch| Act::refuse(batch, |_| Some(kind)));
    expect_all_back(sink(refused(ErrorKind::Invalid)), "refused for good").await;
    expect_all_back(sink(refused(ErrorKind::Throttled)), "throttled for too long").await;
    expect_all_back(sink(Fake::scripted(|_, _| Act::Fail(ErrorKind::NotFound))), "a fatal error").await;
    expect_all_back(sink(Fake::scripted(|_, _| Act::Lose)), "no answer").await;
    expect_all_back(sink(Fake::scripted(|_, _| Act::Hang)), "no answer ever").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_has_its_payload_and_its_key_though_the_service_panicked() {
    // One clone is the sink's own.
    for (clones, why) in [(1, "panicked when it was called"), (0, "panicked when it was cloned")] {
        let service = Fragile { clones };
        expect_all_back(BatchSink::builder().build(service).unwrap(), why).await;
    }
}

/// Panics when it hears of something that is refused.
struct Squeamish;

impl Recorder for Squeamish {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        assert_ne!(key.name(), "headwater_sink_refused_total", "refused");
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_has_its_payload_and_its_key_though_the_recorder_of_metrics_panicked() {
    let _recorder = metrics::set_default_local_recorder(&Squeamish);
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Throttled)));
    expect_all_back(BatchSink::builder().build(service).unwrap(), "panicked when it was told").await;
}

/// Panics over one key.
struct Lost(&'static str);

impl Routing for Lost {
    fn hash_key(&self, key: &crate::Key) -> HashKey {
        assert_ne!(key.partition_key(), self.0);
        HashKey::MIN
    }

    fn shard_ranges(&self, _: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        ready(Ok(shards())).boxed()
    }
}

fn shards() -> Vec<ShardRange> {
    vec![ShardRange { id: "shard".into(), first: HashKey::MIN, last: HashKey::MAX, open: true }]
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_has_its_payload_and_its_key_though_the_routing_panicked() {
    for key in ["key-0", "key-3", "key-4"] {
        let builder = BatchSink::builder().routing(Lost(key), shards());
        expect_all_back(builder.build(Fake::storing()).unwrap(), key).await;
    }
}

/// Panics over every key once its shards have split.
#[derive(Clone, Default)]
struct Splitting(Arc<AtomicBool>);

impl Routing for Splitting {
    fn hash_key(&self, _: &crate::Key) -> HashKey {
        assert!(!self.0.load(Ordering::Relaxed), "asked after the split");
        HashKey::MIN
    }

    fn shard_ranges(&self, _: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>> {
        self.0.store(true, Ordering::Relaxed);
        ready(Ok(vec![ShardRange { id: "child".into(), ..shards().remove(0) }])).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_retry_has_its_payload_though_the_routing_panicked() {
    let routing = Splitting::default();
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Throttled)));
    let builder = BatchSink::builder().routing(routing.clone(), shards());
    let builder = builder.expo_backoff(Duration::from_secs(10)).refresh_every(Duration::from_secs(1));
    let mut sink = builder.build(service).unwrap();
    for number in 0..10 {
        // Without a key: what was generated is remembered by its entry alone.
        sink.feed(Message::new(number.to_string().into())).await.unwrap();
    }
    let mut back: Vec<_> = sink
        .drain()
        .await
        .into_iter()
        .map(|undelivered| {
            assert!(undelivered.reason().to_string().contains("task was stopped"));
            undelivered.message().payload().clone()
        })
        .collect();
    back.sort_unstable();
    assert_eq!(back, (0..10).map(|number| number.to_string()).collect::<Vec<_>>());
}
