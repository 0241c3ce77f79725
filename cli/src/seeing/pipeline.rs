//! What a command runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use headwater::Control;
use headwater::batch::BatchStatus;
use metrics::gauge;
use tokio::time::Instant;

use crate::context::Context;
use crate::seeing::recent::Recent;
use crate::seeing::shards::{self, is_without_owner};
use crate::stop::Stop;

/// What a command runs: its sources and sinks, as they are built.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) command: String,
    pub(crate) began: SystemTime,
    pub(crate) since: Instant,
    pub(crate) stop: Stop,
    pub(crate) recent: Recent,
    parts: Mutex<Parts>,
}

/// The sources and sinks, each with the name of its stream. Several workers of one process are several sources of one
/// stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) sources: Vec<(String, Control)>,
    pub(crate) sinks: Vec<(String, BatchStatus)>,
}

impl Pipeline {
    /// Begins without any.
    pub(crate) fn new(command: &str, context: &Context) -> Self {
        Self {
            command: command.to_owned(),
            began: SystemTime::now(),
            since: Instant::now(),
            stop: context.stop.clone(),
            recent: context.recent.clone(),
            parts: Mutex::default(),
        }
    }

    /// Measures what the library does not: which command runs, and what all workers together leave unread.
    pub(crate) fn tell(&self) {
        let labels = [("command", self.command.clone()), ("version", env!("CARGO_PKG_VERSION").to_owned())];
        gauge!("headwater_build_info", &labels).set(1.0);
        for (stream, known) in shards::by_stream(&self.parts().sources) {
            let without_owner = known.values().filter(|shard| is_without_owner(shard)).count();
            gauge!("headwater_source_shards_without_owner", "stream" => stream).set(without_owner as f64);
        }
    }

    /// Adds a source.
    pub(crate) fn add_source(&self, stream: &str, control: Control) {
        self.lock().sources.push((name(stream), control));
    }

    /// Adds a sink.
    pub(crate) fn add_sink(&self, stream: &str, status: BatchStatus) {
        self.lock().sinks.push((name(stream), status));
    }

    /// Returns what there is.
    pub(crate) fn parts(&self) -> Parts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        // Nothing that can panic runs under the lock.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of a stream that may be given by its ARN: metrics have it as their label.
fn name(stream: &str) -> String {
    let name = stream.strip_prefix("arn:").and_then(|arn| arn.rsplit('/').next());
    name.unwrap_or(stream).to_owned()
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_stream_has_one_name_however_it_was_given() {
        assert_eq!(name("orders"), "orders");
        assert_eq!(name("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"), "orders");
    }
}
