//! How the shards of a stream are read, against the embedded endpoint.

mod aggregates;
mod consumers;
mod failures;
mod polling;
mod pushed;
mod subscriptions;
mod wires;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use headwater::source::{Page, ReadFrom};
use headwater::{Position, ShardId};
use headwater_local::LocalKinesis;
use metrics_util::debugging::{DebugValue, Snapshotter};

use crate::api::Api;
use crate::limits;
use crate::source::Deaggregation;
use crate::source::meters::Meters;
use crate::source::pace::PaceSettings;
use crate::source::polling::Polling;
use crate::source::ranges::ShardRanges;
use crate::wire::{Dialect, Wire, exchangeable};

const BEGINNING: ReadFrom = ReadFrom::Position(Position::Beginning);
const PACE: Duration = Duration::from_millis(200);

fn shard(number: usize) -> ShardId {
    ShardId::new(format!("shardId-{number:012}"))
}

fn local() -> LocalKinesis {
    LocalKinesis::builder().stream("orders", 1).build()
}

/// Puts records of these numbers and returns their sequence numbers.
fn put(local: &LocalKinesis, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| local.put("orders", "key", number.to_string()).unwrap().sequence_number).collect()
}

pub(super) fn polling(client: &Client) -> Arc<Polling> {
    polling_by(client, Wire::from_env().unwrap())
}

fn polling_by(client: &Client, wire: Wire) -> Arc<Polling> {
    // As a connection sets it up: the source does its own retries.
    let mut builder = client.config().to_builder().retry_config(RetryConfig::disabled());
    exchangeable(&mut builder, client.config().http_client());
    let api = Api {
        client: Client::from_conf(builder.build()),
        own_http: false,
        stream: "orders".parse().unwrap(),
        place: "in process".into(),
        wire: Dialect::new(wire),
    };
    Arc::new(Polling {
        api: Arc::new(api),
        meters: Arc::new(Meters::new("orders")),
        record_limit: 10_000,
        pace: PaceSettings { interval: Some(PACE), no_records: None },
        deaggregation: Deaggregation::default(),
        ranges: ShardRanges::default(),
        max_record: limits::DEFAULT_MAX_RECORD,
        open_shards: 1,
        probes: false,
    })
}

fn numbers(page: &Page) -> Vec<usize> {
    let number = |payload: &bytes::Bytes| std::str::from_utf8(payload).unwrap().parse().unwrap();
    page.records.iter().map(|record| number(&record.payload)).collect()
}

fn after(sequence: &str) -> ReadFrom {
    ReadFrom::Position(Position::After { sequence: sequence.into(), sub_sequence: None })
}

/// Returns what counters and gauges say, and how often histograms were recorded, by name and by the last label.
fn told(snapshotter: &Snapshotter) -> HashMap<(String, String), u64> {
    let told = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let label = key.key().labels().last().unwrap().value().to_owned();
        let value = match value {
            DebugValue::Counter(counter) => counter,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(gauge) => gauge.into_inner() as u64,
        };
        ((key.key().name().to_owned(), label), value)
    });
    told.collect()
}
