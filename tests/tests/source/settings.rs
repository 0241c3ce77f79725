//! Settings at both ends of their ranges.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use headwater::source::{OnAbandon, OnGap, Start};
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_local::LocalKinesis;
use tokio::time::timeout;

use crate::collect::{Seen, numbers};
use crate::numbered::put;

const DAY: Duration = Duration::from_hours(24);

/// One setting, and its name.
type Setting = (&'static str, fn(KinesisSourceBuilder) -> KinesisSourceBuilder);

const SETTINGS: &[Setting] = &[
    ("the defaults", |source| source),
    ("record_limit 1", |source| source.record_limit(1)),
    ("shard_fetch_rate 0.001", |source| source.shard_fetch_rate(0.001)),
    ("unpaced", KinesisSourceBuilder::unpaced),
    ("sleep_time_no_records 1 h", |source| source.sleep_time_no_records(DAY / 24)),
    ("deaggregate false", |source| source.deaggregate(false)),
    ("lease_time 100 ms", |source| source.lease_time(Duration::from_millis(100))),
    ("lease_time 24 h", |source| source.lease_time(DAY)),
    ("commit_interval 10 ms", |source| source.commit_interval(Duration::from_millis(10))),
    ("commit_interval 24 h", |source| source.commit_interval(DAY)),
    ("refresh_interval 100 ms", |source| source.refresh_interval(Duration::from_millis(100))),
    ("refresh_interval without end", |source| source.refresh_interval(Duration::MAX)),
    ("max_in_flight 1", |source| source.max_in_flight(1)),
    ("max_in_flight without end", |source| source.max_in_flight(usize::MAX)),
    ("buffer_bytes 1 KiB", |source| source.buffer_bytes(1 << 10)),
    ("buffer_bytes without end", |source| source.buffer_bytes(usize::MAX)),
    ("outage_limit 0", |source| source.outage_limit(Duration::ZERO)),
    ("outage_limit without end", |source| source.outage_limit(Duration::MAX)),
    ("drain_timeout without end", |source| source.drain_timeout(Duration::MAX)),
    ("attempt_timeout 1 ms", |source| source.attempt_timeout(Duration::from_millis(1))),
    ("attempt_timeout 24 h", |source| source.attempt_timeout(DAY)),
    ("on_abandon Redeliver", |source| source.on_abandon(OnAbandon::Redeliver)),
    ("on_gap Fail", |source| source.on_gap(OnGap::Fail)),
    ("max_shards without end", |source| source.max_shards(usize::MAX)),
    ("fan_out", |source| source.fan_out("reader")),
    ("create_stream", |source| source.create_stream(1)),
];

/// Lets time pass on both clocks: the endpoint's stands still with tokio's, while a source that begins at the latest
/// record asks the system's.
async fn later() {
    let before = SystemTime::now();
    while SystemTime::now() < before + Duration::from_millis(3) {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_mins(1)).await;
}

/// Reads what was put before the start, where the source begins there, and what was put after it.
async fn reads(local: &LocalKinesis, source: KinesisSourceBuilder, earlier: usize, what: &str) {
    let mut source = source.connect().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    let control = source.control();
    let ready = timeout(DAY, control.ready()).await;
    ready.unwrap_or_else(|_| panic!("{what}: never ready")).unwrap();
    put(local, 20..40);
    local.split_shard("orders", "shardId-000000000000").unwrap();
    put(local, 40..60);

    let reading = (&mut source).take(earlier + 40).map_ok(Seen::from).try_collect::<Vec<_>>();
    let seen = timeout(DAY * 3, reading).await.unwrap_or_else(|_| panic!("{what}: reads nothing"));
    let seen = seen.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(numbers(&seen), (20 - earlier..60).collect::<Vec<_>>(), "{what}");
    control.stop();
    assert!(source.next().await.is_none(), "{what}");
    control.finished().await.unwrap_or_else(|error| panic!("{what}: {error}"));
}

#[tokio::test(start_paused = true)]
async fn every_configuration_that_starts_reads() {
    let long_ago = SystemTime::UNIX_EPOCH + DAY;
    for start in [Start::TrimHorizon, Start::Latest, Start::AtTimestamp(long_ago)] {
        for (number, (name, setting)) in SETTINGS.iter().enumerate() {
            // Every other one names the stream by its ARN.
            let by_arn = number % 2 == 1;
            let local = LocalKinesis::builder().retention(DAY * 7).stream("orders", 2).build();
            put(&local, 0..20);
            later().await;
            let stream = if by_arn { local.stream_arn("orders").unwrap() } else { "orders".to_owned() };
            let source = KinesisSource::builder(stream).client(local.client()).start(start);
            let earlier = if start == Start::Latest { 0 } else { 20 };
            let what = format!("{name}, {start:?}, by ARN: {by_arn}");
            reads(&local, setting(source), earlier, &what).await;
        }
    }
}
