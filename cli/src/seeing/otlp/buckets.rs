//! The buckets of what is exported.

use metrics::KeyName;
use metrics_exporter_otel::OpenTelemetryRecorder;

use crate::seeing::buckets::BY_ENDING;
use crate::seeing::metric;

/// Gives the histograms their buckets: those that they would have otherwise are for milliseconds.
pub(super) fn bound(recorder: &OpenTelemetryRecorder) {
    for name in metric::histograms() {
        if let Some((_, buckets)) = BY_ENDING.iter().find(|(ending, _)| name.ends_with(ending)) {
            recorder.set_histogram_bounds(&KeyName::from(name), buckets.to_vec());
        }
    }
}
