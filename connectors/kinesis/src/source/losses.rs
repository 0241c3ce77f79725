//! What a source does not deliver as it was written: counted, and told of now and then.

use std::time::Duration;

use headwater::{SequenceNumber, ShardId};
use metrics::{Counter, counter};
use tokio::time::Instant;

use crate::StreamRef;
use crate::source::Deaggregation;

/// A warning is not repeated sooner: a shard can bring thousands of causes a second.
const SILENCE: Duration = Duration::from_mins(1);

/// Counts for one shard.
pub(super) struct Losses {
    out_of_range: Counter,
    beside_out_of_range: Counter,
    bad_aggregates: Counter,
    dropped: Untold,
    bad: Untold,
}

impl Losses {
    pub(super) fn new(stream: &StreamRef) -> Self {
        let name = || stream.name().to_owned();
        let dropped = |reason| counter!("headwater_source_user_records_dropped_total", "stream" => name(), "reason" => reason);
        Self {
            out_of_range: dropped("out_of_range"),
            beside_out_of_range: dropped("beside_out_of_range"),
            bad_aggregates: counter!("headwater_source_bad_aggregates_total", "stream" => name()),
            dropped: Untold::default(),
            bad: Untold::default(),
        }
    }

    /// User records are dropped, those `beside` only for the sake of those that are `outside`.
    pub(super) fn drop_users(
        &mut self,
        (stream, shard, sequence): (&StreamRef, &ShardId, &SequenceNumber),
        policy: Deaggregation,
        outside: usize,
        beside: usize,
    ) {
        self.out_of_range.increment(outside as u64);
        self.beside_out_of_range.increment(beside as u64);
        if let Some(dropped) = self.dropped.add(outside + beside) {
            tracing::warn!(%stream, %shard, %sequence, ?policy, dropped,
                "user records dropped: the shard does not own them, or others of their aggregate");
        }
    }

    /// A record starts as an aggregate does, and cannot be taken apart.
    pub(super) fn bad_aggregate(
        &mut self,
        (stream, shard, sequence): (&StreamRef, &ShardId, &SequenceNumber),
        damage: &str,
    ) {
        self.bad_aggregates.increment(1);
        if let Some(records) = self.bad.add(1) {
            tracing::warn!(%stream, %shard, %sequence, damage, records,
                "aggregates that cannot be taken apart are delivered whole");
        }
    }
}

/// What has been counted since the last warning.
#[derive(Default)]
struct Untold {
    count: usize,
    told: Option<Instant>,
}

impl Untold {
    /// Returns the count if it is time to tell of it.
    fn add(&mut self, count: usize) -> Option<usize> {
        self.count += count;
        let due = self.count > 0 && self.told.is_none_or(|told| told.elapsed() >= SILENCE);
        due.then(|| {
            self.told = Some(Instant::now());
            std::mem::take(&mut self.count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_warning_comes_at_once_and_then_once_a_minute_with_what_it_left_out() {
        let mut untold = Untold::default();
        assert_eq!(untold.add(0), None);
        assert_eq!(untold.add(2), Some(2));
        assert_eq!((untold.add(3), untold.add(4)), (None, None));
        tokio::time::advance(SILENCE).await;
        assert_eq!(untold.add(5), Some(12));
        assert_eq!(untold.add(1), None);
    }
}
