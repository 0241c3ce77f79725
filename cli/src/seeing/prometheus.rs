//! The recorder behind `/metrics`.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;

/// What histograms of seconds tell apart: from a call within a data centre to one that was waited for in vain.
const SECONDS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What histograms of counts tell apart: a request holds 500 records at most, a record any number of messages.
const COUNTS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 5_000.0];

/// How often samples are moved into their buckets where nobody scrapes: they take memory until then.
const UPKEEP: Duration = Duration::from_secs(5);

/// A recorder that is installed by whoever collects them.
pub(crate) fn recorder() -> Result<PrometheusRecorder, Failure> {
    let mut builder = PrometheusBuilder::new();
    for (ending, buckets) in
        [("_seconds", &SECONDS[..]), ("_records", &COUNTS[..]), ("_messages", &COUNTS[..])]
    {
        builder = builder
            .set_buckets_for_metric(Matcher::Suffix(ending.to_owned()), buckets)
            .map_err(|error| Failure::failed(format!("begin to measure: {error}")))?;
    }
    Ok(builder.build_recorder())
}

/// Keeps its memory small, until it is dropped.
pub(crate) async fn keep_small(handle: PrometheusHandle) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}
