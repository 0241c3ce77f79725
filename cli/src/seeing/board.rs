//! The measurements that the page shows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};

/// A recorder that keeps counters and gauges where they can be read: what Prometheus' recorder keeps comes out as text
/// alone. Clones share what they keep.
#[derive(Clone)]
pub(crate) struct Board(Arc<Registry<Key, AtomicStorage>>);

/// The board at one moment: by metric and by stream, then by shard.
#[derive(Debug, Default)]
pub(crate) struct Readings(BTreeMap<(String, String), BTreeMap<String, f64>>);

impl Default for Board {
    fn default() -> Self {
        Self(Arc::new(Registry::atomic()))
    }
}

impl Board {
    /// Reads all of it.
    pub(crate) fn read(&self) -> Readings {
        let mut readings = Readings::default();
        self.0.visit_counters(|key, counter| readings.add(key, counter.load(Relaxed) as f64));
        self.0.visit_gauges(|key, gauge| readings.add(key, f64::from_bits(gauge.load(Relaxed))));
        readings
    }
}

impl Readings {
    /// Adds a value to those of its metric, stream and shard. Other labels, such as codes, are summed up.
    fn add(&mut self, key: &Key, value: f64) {
        let label = |names: &[&str]| {
            let found = key.labels().find(|label| names.contains(&label.key()));
            found.map(|label| label.value().to_owned()).unwrap_or_default()
        };
        let of = (key.name().to_owned(), label(&["stream", "sink"]));
        *self.0.entry(of).or_default().entry(label(&["shard"])).or_default() += value;
    }

    /// Returns a metric of a stream, summed up over its shards; 0 where nothing was told.
    pub(crate) fn total(&self, metric: &str, stream: &str) -> f64 {
        self.shards(metric, stream).map(|(_, value)| value).sum()
    }

    /// Returns a metric of a shard; 0 where nothing was told.
    pub(crate) fn shard(&self, metric: &str, stream: &str, shard: &str) -> f64 {
        let shards = self.0.get(&(metric.to_owned(), stream.to_owned()));
        shards.and_then(|shards| shards.get(shard)).copied().unwrap_or_default()
    }

    /// Returns a metric of each shard.
    pub(crate) fn shards(&self, metric: &str, stream: &str) -> impl Iterator<Item = (&str, f64)> {
        let shards = self.0.get(&(metric.to_owned(), stream.to_owned()));
        shards.into_iter().flatten().map(|(shard, value)| (shard.as_str(), *value))
    }
}

impl Recorder for Board {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.get_or_create_counter(key, |counter| Counter::from_arc(Arc::clone(counter)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.get_or_create_gauge(key, |gauge| Gauge::from_arc(Arc::clone(gauge)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Board")
    }
}

#[cfg(test)]
mod tests {
    use super::Board;

    #[test]
    fn what_is_told_is_read_by_stream_and_shard_and_summed_over_other_labels() {
        let board = Board::default();
        metrics::with_local_recorder(&board, || {
            metrics::counter!("refused", "sink" => "a", "code" => "x").increment(2);
            metrics::counter!("refused", "sink" => "a", "code" => "y").increment(3);
            metrics::counter!("refused", "sink" => "b", "code" => "y").increment(50);
            metrics::gauge!("behind", "stream" => "a", "shard" => "0").set(1.5);
            metrics::gauge!("behind", "stream" => "a", "shard" => "1").set(2.0);
        });
        let readings = board.read();
        assert!((readings.total("refused", "a") - 5.0).abs() < f64::EPSILON);
        assert!((readings.total("behind", "a") - 3.5).abs() < f64::EPSILON);
        assert!((readings.shard("behind", "a", "1") - 2.0).abs() < f64::EPSILON);
        assert!(readings.shard("behind", "a", "2").abs() < f64::EPSILON);
        assert_eq!(readings.shards("behind", "a").map(|(shard, _)| shard).collect::<Vec<_>>(), ["0", "1"]);
    }
}
