//! What a sink tells of itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures::SinkExt;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::fake::{Act, Fake};
use super::numbered;
use crate::batch::{BatchSink, BatchSinkBuilder, Flushed, LaneLimit, Routing, ShardScope};
use crate::codec::{Framed, Lines};
use crate::{ErrorKind, MemoryStream, Message};

/// Builds a sink whose metrics can be read.
fn metered<S>(builder: BatchSinkBuilder, service: S) -> (BatchSink, Snapshotter)
where
    S: tower::Service<crate::batch::Batch, Response = crate::batch::BatchResponse, Error = crate::Error>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let sink = metrics::with_local_recorder(&recorder, || builder.build(service).unwrap());
    (sink, snapshotter)
}

/// Reads every counter and gauge, by its name and its shard, and how many values each histogram has.
fn read(snapshotter: &Snapshotter) -> HashMap<String, f64> {
    let metrics = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let shard =
            key.key().labels().find(|label| label.key() == "shard").map(|label| label.value().to_owned());
        let name =
            [Some(key.key().name().to_owned()), shard].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => values.len() as f64,
        };
        (name, value)
    });
    metrics.collect()
}

#[tokio::test(start_paused = true)]
async fn metrics_count_messages_records_requests_and_retries() {
    let (sink, snapshotter) = metered(BatchSink::builder().name("orders"), Fake::storing());
    let mut sink = sink.framed(Arc::new(Lines));
    for number in 0..10 {
        sink.feed(numbered(format!("key-{}", number % 5), number)).await.unwrap();
    }
    sink.feed(numbered("key-0", 0)).await.unwrap();
    sink.flush().await.unwrap();
    let metrics = read(&snapshotter);
    for (name, value) in [
        ("headwater_sink_messages_accepted_total", 11.0),
        ("headwater_sink_messages_stored_total", 11.0),
        ("headwater_sink_messages_failed_total", 0.0),
        ("headwater_sink_records_stored_total", 5.0),
        ("headwater_sink_bytes_stored_total", 22.0 + 25.0),
        ("headwater_sink_requests_total", 1.0),
        ("headwater_sink_requests_in_flight", 0.0),
        ("headwater_sink_record_messages", 5.0),
        ("headwater_sink_queue_seconds", 5.0),
    ] {
        assert_eq!(metrics.get(name), Some(&value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_of_a_lane_bear_the_name_of_its_shard() {
    let stream = MemoryStream::new("orders", 2);
    let limit = LaneLimit { records: 1_000, bytes: 1 << 20, ceiling: 1.0 };
    let shards = stream.shard_ranges(ShardScope::Open).await.unwrap();
    let builder = BatchSink::builder().routing(stream.clone(), shards).lane_limit(limit);
    let (mut sink, snapshotter) = metered(builder, stream.clone());
    for number in 0..100 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    sink.flush().await.unwrap();
    let metrics = read(&snapshotter);
    let mut stored = 0;
    for shard in stream.open_shards() {
        let metric = |name: &str| metrics[&format!("headwater_sink_shard_{name} {shard}")] as u64;
        stored += metric("records_stored_total");
        assert_eq!((metric("limit_share"), metric("throttled_total")), (1, 0));
    }
    assert_eq!(stored, 100);
}

#[tokio::test(start_paused = true)]
async fn every_request_is_told_of_once_it_is_settled() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let service = Fake::scripted(|request, batch| match request {
        0 => Act::Fail(ErrorKind::Throttled),
        1 => Act::refuse(batch, |entry| (entry.data == "1").then_some(ErrorKind::Invalid)),
        _ => Act::store_all(batch),
    });
    let builder = BatchSink::builder().on_flush(move |flushed: &Flushed| keep.lock().unwrap().push(*flushed));
    let mut sink = builder.build(service).unwrap();
    for number in 0..3 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    assert_eq!(sink.drain().await.len(), 1);
    let told: Vec<_> = told
        .lock()
        .unwrap()
        .iter()
        .map(|each| (each.entries, each.stored, each.failed, each.retried, each.error))
        .collect();
    assert_eq!(told, [(3, 0, 0, 3, Some(ErrorKind::Throttled)), (3, 2, 1, 0, None)]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_loses_no_message() {
    let builder = BatchSink::builder().on_flush(|_: &Flushed| panic!("the hook's own fault"));
    let mut sink = builder.build(Fake::storing()).unwrap();
    sink.feed(Message::keyed("1".into(), "a")).await.unwrap();
    sink.feed(Message::keyed("2".into(), "a")).await.unwrap();
    let returned = sink.drain().await;
    assert_eq!(sink.status().stored() as usize + returned.len(), 2);
}
