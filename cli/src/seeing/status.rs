//! What `/status` tells, as JSON.
//!
//! Rates are for the reader to make, from two answers: counters count from the start of the process, which `began`
//! tells from another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use headwater::ShardId;
use headwater::source::{ShardState, ShardStatus};
use serde::Serialize;

use crate::rfc3339::rfc3339;
use crate::seeing::board::Readings;
use crate::seeing::health::Health;
use crate::seeing::pipeline::{Parts, Pipeline};
use crate::seeing::recent::Told;
use crate::seeing::shards::{self, is_held};

/// A pipeline at one moment.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// The command, such as `relay`
    command: String,
    version: &'static str,
    /// When it began, in RFC 3339
    began: String,
    /// For how long it runs
    uptime_millis: u64,
    /// `starting`, `running`, `ending` or `failed`
    state: &'static str,
    /// What it waits for, or why it failed
    reason: String,
    /// The workers of this process that hold leases
    workers: BTreeSet<String>,
    sources: Vec<Source>,
    sinks: Vec<Sink>,
    /// The warnings and errors of late, the latest first
    recent: Vec<Told>,
}

/// What is read of a stream. Counters begin with the process.
#[derive(Debug, Serialize)]
struct Source {
    stream: String,
    messages: f64,
    bytes: f64,
    in_flight: f64,
    buffered_bytes: f64,
    /// Calls that shards throttled
    throttled: f64,
    /// Fetches and listings that failed
    failures: f64,
    /// Messages that could not be decoded
    poison: f64,
    gaps: f64,
    leases_lost: f64,
    shards: Vec<Shard>,
}

/// A shard that is read, here or elsewhere.
#[derive(Debug, Serialize)]
struct Shard {
    #[serde(rename = "shard")]
    id: String,
    /// `waiting` (for its parents), `unleased` (here), `reading`, `draining` or `finished`
    state: &'static str,
    paused: bool,
    owner: Option<String>,
    /// The stored position
    position: Option<String>,
    millis_behind_latest: Option<u64>,
    in_flight: usize,
    oldest_unacked: Option<String>,
    unacked_millis: Option<u64>,
    throttled: f64,
}

/// What is put into a stream.
#[derive(Debug, Default, Serialize)]
struct Sink {
    stream: String,
    accepted: u64,
    stored: u64,
    failed: u64,
    requests: u64,
    retried: u64,
    records: f64,
    bytes: f64,
    requests_in_flight: f64,
    /// Records that shards throttled
    throttled: f64,
    lanes: Vec<Lane>,
}

/// The way to one shard.
#[derive(Debug, Serialize)]
struct Lane {
    shard: String,
    records: f64,
    throttled: f64,
    /// The part of its limit that it may use, 1 for all; 0 where there is none
    limit_share: f64,
}

impl Status {
    /// Looks at all of a pipeline.
    pub(crate) fn of(pipeline: &Pipeline, readings: &Readings) -> Self {
        let health = Health::of(pipeline);
        let Parts { sources, sinks } = pipeline.parts();
        let shards = shards::by_stream(&sources);
        let held = shards.values().flat_map(BTreeMap::values).filter(|shard| is_held(shard));
        let workers: BTreeSet<_> =
            held.filter_map(|shard| shard.owner.as_ref()).map(ToString::to_string).collect();
        let mut putting = BTreeMap::<String, Sink>::new();
        for (stream, status) in sinks {
            let sink = putting.entry(stream).or_default();
            sink.accepted += status.accepted();
            sink.stored += status.stored();
            sink.failed += status.failed();
            sink.requests += status.requests();
            sink.retried += status.retried();
        }
        Self {
            command: pipeline.command.clone(),
            version: env!("CARGO_PKG_VERSION"),
            began: rfc3339(pipeline.began),
            uptime_millis: millis(pipeline.since.elapsed()),
            state: health.name(),
            reason: health.reason().to_owned(),
            workers,
            sources: shards
                .into_iter()
                .map(|(stream, shards)| Source::of(stream, shards, readings))
                .collect(),
            sinks: putting.into_iter().map(|(stream, sink)| sink.measured(stream, readings)).collect(),
            recent: pipeline.recent.latest(),
        }
    }
}

impl Source {
    fn of(stream: String, shards: BTreeMap<ShardId, ShardStatus>, readings: &Readings) -> Self {
        let total = |metric| readings.total(metric, &stream);
        Self {
            messages: total("headwater_source_messages_total"),
            bytes: total("headwater_source_bytes_total"),
            in_flight: shards.values().map(|shard| shard.in_flight).sum::<usize>() as f64,
            buffered_bytes: total("headwater_source_buffered_bytes"),
            throttled: total("headwater_source_throttled_total"),
            failures: total("headwater_source_failures_total"),
            poison: total("headwater_poison_total"),
            gaps: total("headwater_source_gaps_total"),
            leases_lost: total("headwater_source_leases_lost_total"),
            shards: shards.into_values().map(|shard| Shard::of(shard, &stream, readings)).collect(),
            stream,
        }
    }
}

impl Shard {
    fn of(status: ShardStatus, stream: &str, readings: &Readings) -> Self {
        let id = status.shard.to_string();
        Self {
            state: match status.state {
                ShardState::WaitingForParents => "waiting",
                ShardState::Unleased => "unleased",
                ShardState::Reading => "reading",
                ShardState::Draining => "draining",
                ShardState::Finished => "finished",
            },
            paused: status.paused,
            owner: status.owner.map(|owner| owner.to_string()),
            position: status.position.map(|position| position.to_string()),
            millis_behind_latest: status.millis_behind_latest,
            in_flight: status.in_flight,
            oldest_unacked: status.oldest_unacked.map(|position| position.to_string()),
            unacked_millis: status.unacked_for.map(millis),
            throttled: readings.shard("headwater_source_throttled_total", stream, &id),
            id,
        }
    }
}

impl Sink {
    fn measured(self, stream: String, readings: &Readings) -> Self {
        let total = |metric| readings.total(metric, &stream);
        let shard = |metric, shard| readings.shard(metric, &stream, shard);
        let lanes = readings.shards("headwater_sink_shard_records_stored_total", &stream);
        let lanes = lanes.map(|(name, records)| Lane {
            shard: name.to_owned(),
            records,
            throttled: shard("headwater_sink_shard_throttled_total", name),
            limit_share: shard("headwater_sink_shard_limit_share", name),
        });
        Self {
            records: total("headwater_sink_records_stored_total"),
            bytes: total("headwater_sink_bytes_stored_total"),
            requests_in_flight: total("headwater_sink_requests_in_flight"),
            throttled: total("headwater_sink_shard_throttled_total"),
            lanes: lanes.collect(),
            stream,
            ..self
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
