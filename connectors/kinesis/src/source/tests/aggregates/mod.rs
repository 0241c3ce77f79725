//! What becomes of aggregates.

mod page;
mod policies;

use std::ops::RangeInclusive;

use bytes::Bytes;
use headwater::codec::Framing;
use headwater::source::{Page, Record, Shard};
use headwater::{HashKey, Headers, Key};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::api::ListedShard;
use crate::kpl::{Kpl, UserRecord};
use crate::source::Deaggregation;
use crate::source::page::Pages;
use crate::source::ranges::ShardRanges;
use crate::wire::Answer;

type Range = RangeInclusive<HashKey>;

const ALL: Range = HashKey::MIN..=HashKey::MAX;
const POLICIES: [Deaggregation; 3] =
    [Deaggregation::KeepAll, Deaggregation::KeepInRange, Deaggregation::KclStrict];

/// A reader of one shard, and what it counts.
struct Reader {
    pages: Pages,
    snapshotter: Snapshotter,
}

impl Reader {
    fn new(deaggregation: Deaggregation, range: Option<Range>) -> Self {
        let ranges = ShardRanges::default();
        ranges.list(&[ListedShard { shard: Shard { id: "shardId-7".into(), parents: Vec::new() }, range }]);
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let pages = || Pages::new("orders".parse().unwrap(), "shardId-7".into(), deaggregation, ranges);
        Self { pages: metrics::with_local_recorder(&recorder, pages), snapshotter }
    }

    fn page(&mut self, records: &[Bytes]) -> Page {
        let records = (1..).zip(records).map(|(sequence, data)| record(sequence, data)).collect();
        let answer = Answer { millis_behind_latest: Some(0), ..Answer::of(records) };
        self.pages.page(answer, false)
    }

    fn records(&mut self, records: &[Bytes]) -> Vec<Record> {
        self.page(records).records
    }

    /// What was counted: user records dropped for themselves, and for others; aggregates that are damaged.
    fn counted(&self) -> [u64; 3] {
        let mut counted = [0; 3];
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            let DebugValue::Counter(count) = value else { panic!("{key:?} is no counter") };
            let labels: Vec<_> = key.key().labels().map(|label| (label.key(), label.value())).collect();
            let place = match (key.key().name(), &labels[..]) {
                (
                    "headwater_source_user_records_dropped_total",
                    [("stream", "orders"), ("reason", "out_of_range")],
                ) => 0,
                (
                    "headwater_source_user_records_dropped_total",
                    [("stream", "orders"), ("reason", "beside_out_of_range")],
                ) => 1,
                ("headwater_source_bad_aggregates_total", [("stream", "orders")]) => 2,
                other => panic!("{other:?}"),
            };
            counted[place] += count;
        }
        counted
    }
}

fn record(sequence: u64, data: &Bytes) -> Record {
    Record {
        payload: data.clone(),
        key: Some("outer".into()),
        headers: Headers::new(),
        sequence: sequence.to_string().into(),
        sub_sequence: None,
        completes: true,
        arrival: None,
    }
}

fn aggregate(users: &[UserRecord]) -> Bytes {
    let mut frame = Kpl.open();
    for user in users {
        frame.push(&user.key, &user.data, &user.headers);
    }
    frame.finish()
}

fn user(key: impl Into<Key>, data: &str) -> UserRecord {
    UserRecord::new(key, data.to_owned())
}

fn hashed(key: &str, hash: u128) -> Key {
    Key::from(key).hashed(HashKey::new(hash))
}
