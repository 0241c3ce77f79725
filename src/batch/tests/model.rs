//! Whatever the shards, the service and the tasks that send do, the promises hold.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::compressed::{compressed, inflated};
use super::graves::{Digger, Graves};
use super::pairs::{self, Pairs};
use super::sealing::Hidden;
use super::senders::{Told, key_of, run};
use super::stream::{Fate, Listing, Record, Shards, Stream, hash_key};
use crate::batch::{Batch, BatchSink, LaneLimit, OnKeyFailure, Ordering};
use crate::codec::{Framed, Framing, Lines};
use crate::{Delivery, ErrorKind, HashKey, Key};

/// How a run is drawn: everything follows from the seed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) messages: usize,
    framing: u8,
    ordering: Ordering,
    policy: OnKeyFailure,
    reshards: bool,
    faults: bool,
    pub(super) tasks: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let policy = prop_oneof![Just(OnKeyFailure::HandBack), Just(OnKeyFailure::Continue)];
    let ordering = prop_oneof![3 => Just(Ordering::PerKey), 1 => Just(Ordering::None)];
    (any::<u64>(), 1..120_usize, 0..9_u8, ordering, policy, any::<bool>(), any::<bool>(), 1..5_usize)
        .prop_map(|(seed, messages, framing, ordering, policy, reshards, faults, tasks)| Case {
            seed,
            messages,
            framing,
            ordering,
            policy,
            reshards,
            faults,
            tasks,
        })
}

/// One of the values that a setting may have.
fn one<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

impl Case {
    pub(super) fn stream(&self) -> Stream {
        let Self { seed, reshards, faults, .. } = *self;
        let (mut rng, mut times, mut asks) =
            (Rng::with_seed(seed ^ 1), Rng::with_seed(seed ^ 2), Rng::with_seed(seed ^ 3));
        let slow = one(&mut times, &[0, 20, 300]);
        let script =
            move |shards: &mut Shards, batch: &Batch| fate(&mut rng, shards, batch, reshards, faults);
        let listing = move || match asks.u8(..10) {
            0 if faults => Listing::Fail,
            1 if faults => Listing::HalfDone,
            2 if faults => Listing::Stale,
            3 if faults && asks.u8(..4) == 0 => Listing::Hang,
            _ => Listing::Right,
        };
        let latency = move || Duration::from_millis(times.u64(0..=slow));
        Stream::new(u128::from(seed % 5 + 1)).script(script).lister(listing).latency(latency)
    }

    fn framing(&self) -> Option<Arc<dyn Framing>> {
        match self.framing {
            0 => None,
            1 => Some(Arc::new(Lines)),
            2 => Some(Arc::new(Pairs { by_hash: false })),
            3 => Some(compressed(Lines)),
            4 => Some(compressed(Pairs { by_hash: true })),
            5 => Some(Hidden::new(Lines)),
            6 => Some(Hidden::new(Pairs { by_hash: true })),
            _ => Some(Arc::new(Pairs { by_hash: true })),
        }
    }

    pub(super) fn sink(&self, stream: &Stream, graves: &Graves) -> BatchSink {
        let mut rng = Rng::with_seed(self.seed);
        let mut builder = BatchSink::builder()
            .ordering(self.ordering)
            .on_key_failure(self.policy)
            .batch_records(one(&mut rng, &[1, 3, 20, 500]))
            .batch_bytes(one(&mut rng, &[1, 150, 1 << 20]))
            .record_bytes(500)
            .frame_size(one(&mut rng, &[1, 60, 200, 500]))
            .frame_messages(one(&mut rng, &[1, 2, 5, usize::MAX]))
            .linger(Duration::from_millis(one(&mut rng, &[0, 10, 100])))
            .max_in_flight(one(&mut rng, &[1, 2, 4]))
            .max_queue(one(&mut rng, &[1, 2, 10, 1_000]))
            .max_queue_bytes(one(&mut rng, &[1, 100, 1 << 20]))
            .refresh_every(Duration::from_secs(one(&mut rng, &[1, 300])))
            .expo_backoff(Duration::from_millis(one(&mut rng, &[1, 100])))
            .time_to_live(Duration::from_secs(one(&mut rng, &[5, 120])));
        if rng.bool() {
            builder = builder.retry_limit(rng.u32(..4));
        }
        if rng.bool() {
            let (records, bytes) = (one(&mut rng, &[5, 1_000]), one(&mut rng, &[500, 1 << 20]));
            builder = builder.lane_limit(LaneLimit { records, bytes, ceiling: one(&mut rng, &[1.0, 2.0]) });
        }
        if rng.u8(..3) == 0 {
            builder = builder.dead_letters(Digger::new(graves, rng.fork()));
        }
        if !self.seed.is_multiple_of(7) {
            builder = builder.routing(stream.clone(), stream.open());
        }
        let sink = builder.build(stream.clone()).unwrap();
        match self.framing() {
            Some(framing) => sink.framed(framing),
            None => sink,
        }
    }
}

fn fate(rng: &mut Rng, shards: &mut Shards, batch: &Batch, reshards: bool, faults: bool) -> Fate {
    if reshards && rng.u8(..8) == 0 && shards.records.len() < 2_000 {
        let at = HashKey::new(rng.u128(..));
        if rng.bool() { shards.split(at) } else { shards.merge(at) }
    }
    let mut entry = || match rng.u8(..40) {
        0..4 if faults => Some(ErrorKind::Throttled),
        4 if faults => Some(ErrorKind::Unavailable),
        5 if faults => Some(ErrorKind::Invalid),
        _ => None,
    };
    let refusals = batch.entries().iter().map(|_| entry()).collect();
    match rng.u8(..40) {
        0 | 1 if faults => Fate::Fail(ErrorKind::Throttled),
        2 | 3 if faults => Fate::Lose,
        4 if faults => Fate::Hang { stored: rng.bool() },
        5 if faults && rng.u8(..10) == 0 => Fate::Fail(ErrorKind::AccessDenied),
        _ => Fate::Answer(refusals),
    }
}

/// Returns the messages of a record, with their keys, and whether the shard holds them all.
fn contents(case: &Case, record: &Record) -> (Vec<(Key, usize)>, bool) {
    let number = |text: &str| text.trim_end_matches('x').parse().unwrap();
    let key = || record.entry.key.clone();
    let data =
        if matches!(case.framing, 3 | 4) { inflated(&record.entry.data) } else { record.entry.data.clone() };
    if !matches!(case.framing, 0 | 1 | 3 | 5) {
        let pairs = pairs::read(&data);
        let held = pairs.iter().all(|(key, _)| record.shard.holds(hash_key(key)));
        return (pairs.into_iter().map(|(key, text)| (key, number(&text))).collect(), held);
    }
    let text = std::str::from_utf8(&data).unwrap();
    (text.lines().map(|line| (key(), number(line))).collect(), true)
}

/// Returns whether numbers are in order, each counted where it comes first.
fn first_ones_are_sorted(numbers: &[usize]) -> bool {
    let mut seen = HashSet::new();
    numbers.iter().filter(|number| seen.insert(**number)).is_sorted()
}

fn check(case: &Case, records: &[Record], told: &Told) {
    let mut stored: HashMap<usize, (usize, usize)> = HashMap::new();
    let mut by_key: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for record in records {
        let (messages, held) = contents(case, record);
        assert!(!messages.is_empty(), "an empty record: {record:?}");
        assert!(record.entry.bytes() <= 500 + 40, "{} bytes", record.entry.bytes());
        for (key, number) in messages {
            let own = key_of(case, number);
            assert!(own.is_none_or(|own| own == key), "{number} went under the key of another");
            let (times, held_times) = stored.entry(number).or_default();
            (*times, *held_times) = (*times + 1, *held_times + usize::from(held));
            let (all, strict) = by_key.entry(key).or_default();
            all.push(number);
            strict.extend(held.then_some(number));
        }
    }
    for number in 0..case.messages {
        let (times, held) = stored.get(&number).copied().unwrap_or_default();
        let (acked, back) = (told.is_acked(number), told.back.get(&number));
        if told.refused.contains(&number) {
            assert!(times == 0 && back.is_none(), "{number} was refused, stored {times} times, {back:?}");
            continue;
        }
        assert!(acked != back.is_some(), "{number}: acked {acked}, handed back {back:?}");
        assert!(!acked || held > 0, "{number} was acked and is not stored where it belongs");
        assert!(
            back != Some(&Delivery::NotStored) || times == 0,
            "{number} is stored and was called NotStored"
        );
    }
    for (key, (all, strict)) in &by_key {
        let ordered = case.ordering == Ordering::PerKey && key.partition_key().starts_with("key");
        assert!(!ordered || first_ones_are_sorted(all), "{key}: {all:?}");
        assert!(!ordered || first_ones_are_sorted(strict), "{key}, for strict readers: {strict:?}");
    }
}

fn play(case: &Case) {
    fastrand::seed(case.seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (records, told) = runtime.block_on(run(case));
    check(case, &records, &told);
    assert!(!super::has_spun(), "the engine span");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_shards_do_each_message_is_stored_where_it_belongs_or_handed_back_once(case in case()) {
        play(&case);
    }
}
