//! What a sink tells the [`metrics`] facade.
//!
//! A recorder that is installed before the sink is built sees them; without one they cost next to nothing.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::ShardId;
use crate::batch::{Flushed, Refused};

/// What is told of a sink.
pub(super) struct Meters {
    name: Arc<str>,
    pub(super) accepted: Counter,
    stored: Counter,
    failed: Counter,
    pub(super) entries_stored: Counter,
    pub(super) bytes_stored: Counter,
    retried: Counter,
    pub(super) misplaced: Counter,
    requests: Counter,
    request_seconds: Histogram,
    request_entries: Histogram,
    pub(super) queue_seconds: Histogram,
    pub(super) entry_messages: Histogram,
    pub(super) in_flight: Gauge,
}

/// What is told of the lane to one shard.
pub(super) struct LaneMeters {
    pub(super) stored: Counter,
    pub(super) throttled: Counter,
    pub(super) limit_share: Gauge,
}

impl Meters {
    pub(super) fn new(name: &Arc<str>) -> Self {
        let sink = || name.to_string();
        Self {
            accepted: counter!("headwater_sink_messages_accepted_total", "sink" => sink()),
            stored: counter!("headwater_sink_messages_stored_total", "sink" => sink()),
            failed: counter!("headwater_sink_messages_failed_total", "sink" => sink()),
            entries_stored: counter!("headwater_sink_records_stored_total", "sink" => sink()),
            bytes_stored: counter!("headwater_sink_bytes_stored_total", "sink" => sink()),
            retried: counter!("headwater_sink_retries_total", "sink" => sink()),
            misplaced: counter!("headwater_sink_misplaced_total", "sink" => sink()),
            requests: counter!("headwater_sink_requests_total", "sink" => sink()),
            request_seconds: histogram!("headwater_sink_request_seconds", "sink" => sink()),
            request_entries: histogram!("headwater_sink_request_records", "sink" => sink()),
            queue_seconds: histogram!("headwater_sink_queue_seconds", "sink" => sink()),
            entry_messages: histogram!("headwater_sink_record_messages", "sink" => sink()),
            in_flight: gauge!("headwater_sink_requests_in_flight", "sink" => sink()),
            name: Arc::clone(name),
        }
    }

    pub(super) fn lane(&self, shard: &ShardId) -> LaneMeters {
        let (sink, shard) = (self.name.to_string(), shard.to_string());
        LaneMeters {
            stored: counter!("headwater_sink_shard_records_stored_total", "sink" => sink.clone(), "shard" => shard.clone()),
            throttled: counter!("headwater_sink_shard_throttled_total", "sink" => sink.clone(), "shard" => shard.clone()),
            limit_share: gauge!("headwater_sink_shard_limit_share", "sink" => sink, "shard" => shard),
        }
    }

    /// Tells of a request that is answered.
    pub(super) fn flushed(&self, flushed: &Flushed) {
        self.requests.increment(1);
        self.request_seconds.record(flushed.elapsed);
        self.request_entries.record(flushed.entries as f64);
        self.retried.increment(flushed.retried as u64);
    }

    /// Tells how many messages are settled.
    pub(super) fn settled(&self, stored: usize, failed: usize) {
        self.stored.increment(stored as u64);
        self.failed.increment(failed as u64);
    }

    /// Tells of an entry that is refused.
    pub(super) fn refused(&self, refused: &Refused) {
        let (sink, code) = (self.name.to_string(), refused.code.clone());
        counter!("headwater_sink_refused_total", "sink" => sink, "code" => code).increment(1);
    }
}
