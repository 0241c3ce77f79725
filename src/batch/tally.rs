//! What is told of the stored entries of one answer.

use std::time::Duration;

use metrics::Histogram;
use tokio::time::Instant;

use crate::batch::Entry;
use crate::batch::lanes::backlog::Backlog;
use crate::batch::lanes::map::LaneId;
use crate::batch::lanes::unsettled::Unsettled;
use crate::batch::meters::Meters;

/// Counts the stored entries of one answer, and tells of those together that are alike and stand together: the lanes
/// and the recorder of metrics are called a few times for a request, and not for each entry.
#[derive(Default)]
pub(super) struct Tally {
    entries: usize,
    bytes: usize,
    of_lane: OfLane,
    messages: Run<usize>,
    queued: Run<Duration>,
}

/// Entries of one lane.
#[derive(Default)]
struct OfLane {
    lane: Option<LaneId>,
    entries: usize,
    bytes: usize,
}

/// The same value several times.
#[derive(Default)]
struct Run<T> {
    value: T,
    count: usize,
}

impl Tally {
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        unsettled: &Unsettled,
        (backlog, now): (&mut Backlog, Instant),
        meters: &Meters,
    ) {
        if self.of_lane.lane != Some(unsettled.lane) {
            self.of_lane.tell(backlog, now);
            self.of_lane.lane = Some(unsettled.lane);
        }
        let bytes = entry.bytes();
        self.of_lane.entries += 1;
        self.of_lane.bytes += bytes;
        self.entries += 1;
        self.bytes += bytes;
        self.messages.add(unsettled.messages.len(), &meters.entry_messages, |messages| messages as f64);
        self.queued.add(unsettled.queued, &meters.queue_seconds, |queued| queued.as_secs_f64());
    }

    /// Tells of what is left.
    pub(super) fn tell(mut self, (backlog, now): (&mut Backlog, Instant), meters: &Meters) {
        self.of_lane.tell(backlog, now);
        self.messages.tell(&meters.entry_messages, |messages| messages as f64);
        self.queued.tell(&meters.queue_seconds, |queued| queued.as_secs_f64());
        meters.entries_stored.increment(self.entries as u64);
        meters.bytes_stored.increment(self.bytes as u64);
    }
}

impl OfLane {
    fn tell(&mut self, backlog: &mut Backlog, now: Instant) {
        let Self { lane, entries, bytes } = std::mem::take(self);
        if let Some(lane) = lane {
            backlog.lane(lane).stored(entries, bytes, now);
        }
    }
}

impl<T: Copy + PartialEq> Run<T> {
    fn add(&mut self, value: T, histogram: &Histogram, number: impl Fn(T) -> f64) {
        if self.value != value {
            self.tell(histogram, number);
            *self = Self { value, count: 0 };
        }
        self.count += 1;
    }

    fn tell(&self, histogram: &Histogram, number: impl Fn(T) -> f64) {
        if self.count > 0 {
            histogram.record_many(number(self.value), self.count);
        }
    }
}
