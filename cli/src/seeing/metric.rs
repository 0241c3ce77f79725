//! The metrics that there are, each with what it says.

use metrics::{describe_counter, describe_gauge, describe_histogram};

use crate::seeing::metric::Kind::{Counter, Gauge, Histogram};

/// What one says, as `/metrics` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    kind: Kind,
    name: &'static str,
    what: &'static str,
}

/// How one is counted.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const fn metric(kind: Kind, name: &'static str, what: &'static str) -> Metric {
    Metric { kind, name, what }
}

/// All of them, those of the library in the words of its documentation.
const METRICS: [Metric; 45] = [
    metric(Gauge, "headwater_build_info", "1: which command runs, in which version"),
    metric(Counter, "headwater_source_messages_total", "Messages fetched, user records of aggregates each"),
    metric(Counter, "headwater_source_bytes_total", "Bytes of the pages that messages came in"),
    metric(Counter, "headwater_source_pages_total", "Pages that held any messages"),
    metric(Counter, "headwater_source_calls_total", "Calls, by operation"),
    metric(Histogram, "headwater_source_call_seconds", "How long calls took, by operation"),
    metric(Counter, "headwater_source_throttled_total", "Calls that were throttled, by shard"),
    metric(Counter, "headwater_source_failures_total", "Fetches that failed, by kind of error"),
    metric(Counter, "headwater_source_expired_iterators_total", "Iterators that expired"),
    metric(Gauge, "headwater_source_subscriptions", "Live subscriptions"),
    metric(Counter, "headwater_source_resubscriptions_total", "Subscriptions that ended, by reason"),
    metric(Counter, "headwater_source_fallbacks_total", "Times that a shard fell back to polling"),
    metric(Gauge, "headwater_source_buffered_bytes", "The byte budget in use"),
    metric(Gauge, "headwater_source_messages_in_flight", "Messages out unacked"),
    metric(Gauge, "headwater_source_shards", "Shards, by state"),
    metric(
        Gauge,
        "headwater_source_shards_without_owner",
        "Shards that could be read, and that nobody reads",
    ),
    metric(
        Gauge,
        "headwater_source_shard_millis_behind_latest",
        "How far what was handed out is behind the tip, by shard",
    ),
    metric(Gauge, "headwater_source_shard_messages_in_flight", "Messages out unacked, by shard"),
    metric(
        Gauge,
        "headwater_source_shard_oldest_unacked_seconds",
        "How long the oldest unacked message has been out, by shard",
    ),
    metric(
        Gauge,
        "headwater_source_shard_position_age_seconds",
        "How long ago the record at the stored position had arrived, by shard",
    ),
    metric(
        Counter,
        "headwater_source_redeliveries_total",
        "Shards read again after a message was dropped unacked",
    ),
    metric(Counter, "headwater_source_leases_lost_total", "Leases that another worker took"),
    metric(
        Counter,
        "headwater_source_handoffs_total",
        "Shards that were handed to workers that asked for them",
    ),
    metric(Counter, "headwater_source_gaps_total", "Gaps: records removed before they were read"),
    metric(
        Counter,
        "headwater_source_user_records_dropped_total",
        "User records that deaggregation left out, by reason",
    ),
    metric(
        Counter,
        "headwater_source_bad_aggregates_total",
        "Aggregates delivered whole because they cannot be taken apart",
    ),
    metric(Counter, "headwater_poison_total", "Messages that could not be decoded, by policy"),
    metric(Counter, "headwater_duplicates_total", "Messages dropped because they had been delivered before"),
    metric(Counter, "headwater_sink_messages_accepted_total", "Messages accepted"),
    metric(Counter, "headwater_sink_messages_stored_total", "Messages confirmed"),
    metric(Counter, "headwater_sink_messages_failed_total", "Messages handed back, to whichever outlet"),
    metric(
        Counter,
        "headwater_sink_records_stored_total",
        "Records confirmed, misplaced aggregates included",
    ),
    metric(Counter, "headwater_sink_bytes_stored_total", "Bytes of the records confirmed, keys included"),
    metric(Counter, "headwater_sink_refused_total", "Records refused, by error code"),
    metric(
        Counter,
        "headwater_sink_retries_total",
        "Records refused or unanswered that were queued to be sent again",
    ),
    metric(
        Counter,
        "headwater_sink_misplaced_total",
        "Aggregates that landed on a shard which does not hold them",
    ),
    metric(Counter, "headwater_sink_requests_total", "Requests answered, failures included"),
    metric(Gauge, "headwater_sink_requests_in_flight", "Requests on their way"),
    metric(Histogram, "headwater_sink_request_seconds", "From sent to answered"),
    metric(Histogram, "headwater_sink_request_records", "Records in a request"),
    metric(Histogram, "headwater_sink_record_messages", "Messages in a record"),
    metric(
        Histogram,
        "headwater_sink_queue_seconds",
        "A record's first message, from accepted to first sent",
    ),
    metric(
        Counter,
        "headwater_sink_shard_records_stored_total",
        "Records confirmed of those sent by the lane of a shard",
    ),
    metric(Counter, "headwater_sink_shard_throttled_total", "Records that a shard throttled"),
    metric(Gauge, "headwater_sink_shard_limit_share", "The part of its limit that a lane may use, by shard"),
];

/// Tells the recorder what each says.
pub(crate) fn describe() {
    for Metric { kind, name, what } in METRICS {
        match kind {
            Counter => describe_counter!(name, what),
            Gauge => describe_gauge!(name, what),
            Histogram => describe_histogram!(name, what),
        }
    }
}

/// Names those that are histograms.
#[cfg(feature = "otlp")]
pub(crate) fn histograms() -> impl Iterator<Item = &'static str> {
    METRICS.into_iter().filter(|metric| matches!(metric.kind, Histogram)).map(|metric| metric.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::METRICS;

    /// What the documentation of source and sink has tables of.
    fn documented() -> BTreeSet<&'static str> {
        let texts = [
            include_str!("../../../docs/source.md"),
            include_str!("../../../docs/sink.md"),
            include_str!("../../../docs/operations.md"),
        ];
        let rows = texts.iter().flat_map(|text| text.lines());
        let names = rows.filter_map(|row| row.strip_prefix("| `headwater_"));
        names.filter_map(|rest| rest.split(['`', '{']).next()).collect()
    }

    #[test]
    fn every_metric_is_documented_and_every_documented_one_is_described() {
        let described: BTreeSet<_> =
            METRICS.iter().filter_map(|metric| metric.name.strip_prefix("headwater_")).collect();
        assert_eq!(described, documented());
        assert_eq!(described.len(), METRICS.len(), "one is described twice");
    }
}
