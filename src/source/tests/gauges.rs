//! What a source tells of itself as it stands.

use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::time::sleep;

use super::{config, filled};
use crate::checkpoint::MemoryCheckpoints;

/// Longer than a source takes to tell of a change.
const TOLD: Duration = Duration::from_secs(2);

/// The gauge of the shards that are read.
fn reading(snapshotter: &Snapshotter) -> Option<f64> {
    let gauges = snapshotter.snapshot().into_vec();
    gauges.into_iter().find_map(|(key, _, _, value)| {
        let is_it = key.key().name() == "headwater_source_shards"
            && key.key().labels().any(|label| label.value() == "reading");
        match value {
            DebugValue::Gauge(value) if is_it => Some(value.into_inner()),
            _ => None,
        }
    })
}

#[tokio::test(start_paused = true)]
async fn sources_of_one_stream_add_up_in_its_gauges_and_take_their_part_away_when_they_end() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (stream, store, other) = (filled(2, 0), MemoryCheckpoints::new(), MemoryCheckpoints::new());
    let first = stream.source_with(config(&store)).await.unwrap();
    let second = stream.source_with(config(&other)).await.unwrap();
    sleep(TOLD).await;
    assert_eq!(reading(&snapshotter), Some(4.0));

    let control = second.control();
    drop(second);
    control.finished().await.unwrap();
    sleep(TOLD).await;
    // A snapshot begins anew.
    assert_eq!(reading(&snapshotter), Some(-2.0));
    drop(first);
}
