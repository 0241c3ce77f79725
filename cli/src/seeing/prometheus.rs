//! The recorder behind `/metrics`.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::seeing::buckets::BY_ENDING;

/// How often samples are moved into their buckets where nobody scrapes: they take memory until then.
const UPKEEP: Duration = Duration::from_secs(5);

/// A recorder that is installed by whoever collects them.
pub(crate) fn recorder() -> Result<PrometheusRecorder, Failure> {
    let mut builder = PrometheusBuilder::new();
    for (ending, buckets) in BY_ENDING {
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
