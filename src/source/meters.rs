//! What a source tells the [`metrics`] facade.
//!
//! A recorder that is installed before the source connects sees them; without one they cost next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

use metrics::{Counter, Gauge, counter, gauge};

use crate::source::{Page, ShardState, ShardStatus};
use crate::{ErrorKind, ShardId};

/// What is told of a source.
#[derive(Clone)]
pub(super) struct Meters {
    stream: Arc<str>,
    messages: Counter,
    bytes: Counter,
    pages: Counter,
    pub(super) gaps: Counter,
    pub(super) redeliveries: Counter,
    pub(super) leases_lost: Counter,
    pub(super) handoffs: Counter,
    standing: Arc<Standing>,
}

/// What is told of a source as it stands.
struct Standing {
    in_flight: Part,
    buffered: Part,
    shards: [(ShardState, Part); 5],
}

/// What a source adds to a gauge that all sources of its stream in this process share, for as long as it is there.
struct Part {
    gauge: Gauge,
    told: AtomicUsize,
}

/// What is told of one shard.
pub(super) struct ShardMeters {
    behind: Gauge,
    in_flight: Gauge,
    oldest_unacked: Gauge,
    position_age: Gauge,
}

impl Meters {
    pub(super) fn new(stream: &str) -> Self {
        let stream: Arc<str> = stream.into();
        let of = || stream.to_string();
        let shards = [
            ("waiting", ShardState::WaitingForParents),
            ("unleased", ShardState::Unleased),
            ("reading", ShardState::Reading),
            ("draining", ShardState::Draining),
            ("finished", ShardState::Finished),
        ];
        Self {
            messages: counter!("headwater_source_messages_total", "stream" => of()),
            bytes: counter!("headwater_source_bytes_total", "stream" => of()),
            pages: counter!("headwater_source_pages_total", "stream" => of()),
            gaps: counter!("headwater_source_gaps_total", "stream" => of()),
            redeliveries: counter!("headwater_source_redeliveries_total", "stream" => of()),
            leases_lost: counter!("headwater_source_leases_lost_total", "stream" => of()),
            handoffs: counter!("headwater_source_handoffs_total", "stream" => of()),
            standing: Arc::new(Standing {
                in_flight: Part::of(gauge!("headwater_source_messages_in_flight", "stream" => of())),
                buffered: Part::of(gauge!("headwater_source_buffered_bytes", "stream" => of())),
                shards: shards.map(|(name, state)| {
                    (state, Part::of(gauge!("headwater_source_shards", "stream" => of(), "state" => name)))
                }),
            }),
            stream,
        }
    }

    pub(super) fn shard(&self, shard: &ShardId) -> ShardMeters {
        let labels = [("stream", self.stream.to_string()), ("shard", shard.to_string())];
        ShardMeters {
            behind: gauge!("headwater_source_shard_millis_behind_latest", &labels),
            in_flight: gauge!("headwater_source_shard_messages_in_flight", &labels),
            oldest_unacked: gauge!("headwater_source_shard_oldest_unacked_seconds", &labels),
            position_age: gauge!("headwater_source_shard_position_age_seconds", &labels),
        }
    }

    /// Tells of a page with records to hand out.
    pub(super) fn fetched(&self, page: &Page) {
        self.pages.increment(1);
        self.messages.increment(page.records.len() as u64);
        self.bytes.increment(page.bytes as u64);
    }

    /// Tells of a fetch or a listing that failed.
    pub(super) fn failed(&self, kind: ErrorKind) {
        let (stream, kind) = (self.stream.to_string(), format!("{kind:?}"));
        counter!("headwater_source_failures_total", "stream" => stream, "kind" => kind).increment(1);
    }

    /// Tells of the source as it stands.
    pub(super) fn stands(&self, status: &[ShardStatus], buffered: usize) {
        let Standing { in_flight, buffered: bytes, shards } = &*self.standing;
        bytes.set(buffered);
        in_flight.set(status.iter().map(|shard| shard.in_flight).sum());
        for (state, part) in shards {
            part.set(status.iter().filter(|shard| shard.state == *state).count());
        }
    }
}

impl Part {
    fn of(gauge: Gauge) -> Self {
        Self { gauge, told: AtomicUsize::new(0) }
    }

    fn set(&self, value: usize) {
        let told = self.told.swap(value, Relaxed);
        if value > told {
            self.gauge.increment((value - told) as f64);
        } else if value < told {
            self.gauge.decrement((told - value) as f64);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl ShardMeters {
    /// Tells of a shard as it stands. `stored` is when the record at its checkpoint had arrived.
    pub(super) fn stands(&self, status: &ShardStatus, stored: Option<SystemTime>, now: SystemTime) {
        self.behind.set(status.millis_behind_latest.unwrap_or(0) as f64);
        self.in_flight.set(status.in_flight as f64);
        self.oldest_unacked.set(status.unacked_for.unwrap_or_default().as_secs_f64());
        let age = stored.and_then(|stored| now.duration_since(stored).ok());
        self.position_age.set(age.unwrap_or_default().as_secs_f64());
    }
}

/// What nobody reads any more is behind by nothing.
impl Drop for ShardMeters {
    fn drop(&mut self) {
        for gauge in [&self.behind, &self.in_flight, &self.oldest_unacked, &self.position_age] {
            gauge.set(0.0);
        }
    }
}
