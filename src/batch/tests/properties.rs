//! Whatever the service does, the promises hold.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use proptest::prelude::*;

use super::fake::{Act, Fake};
use super::owing;
use crate::batch::BatchSink;
use crate::codec::{Framed, Lines};
use crate::{Delivery, ErrorKind};

/// What becomes of one request, drawn at random.
#[derive(Clone, Debug)]
enum Fate {
    /// Entry by entry: stored, or refused with a kind.
    Answer(Vec<Option<ErrorKind>>),
    Fail(ErrorKind),
    Lose,
    Misanswer,
}

fn fate() -> impl Strategy<Value = Fate> {
    let entry = prop_oneof![
        6 => Just(None),
        2 => Just(Some(ErrorKind::Throttled)),
        1 => Just(Some(ErrorKind::Unavailable)),
        1 => Just(Some(ErrorKind::Invalid)),
    ];
    prop_oneof![
        8 => prop::collection::vec(entry, 1..8).prop_map(Fate::Answer),
        1 => Just(Fate::Fail(ErrorKind::Throttled)),
        1 => Just(Fate::Lose),
        1 => Just(Fate::Misanswer),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    fates: Vec<Fate>,
    keys: Vec<u8>,
    framed: bool,
    batch_records: usize,
    max_in_flight: usize,
    max_queue: usize,
    linger: u64,
    latency: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let keys = prop::collection::vec(0..6_u8, 1..80);
    let fates = prop::collection::vec(fate(), 0..40);
    (fates, keys, any::<bool>(), 1..20_usize, 1..5_usize, 1..100_usize, 0..50_u64, 0..50_u64).prop_map(
        |(fates, keys, framed, batch_records, max_in_flight, max_queue, linger, latency)| Case {
            fates,
            keys,
            framed,
            batch_records,
            max_in_flight,
            max_queue,
            linger,
            latency,
        },
    )
}

impl Case {
    /// Plays the fates in turn, and stores everything when they are used up.
    fn service(&self) -> Fake {
        let fates = self.fates.clone();
        let service = Fake::scripted(move |request, batch| match fates.get(request) {
            Some(Fate::Answer(outcomes)) => {
                let mut outcomes = outcomes.iter().cycle();
                Act::refuse(batch, |_| *outcomes.next().unwrap())
            }
            Some(Fate::Fail(kind)) => Act::Fail(*kind),
            Some(Fate::Lose) => Act::Lose,
            Some(Fate::Misanswer) => Act::Misanswer,
            None => Act::store_all(batch),
        });
        service.latency(Duration::from_millis(self.latency))
    }

    fn loses_answers(&self) -> bool {
        self.fates.iter().any(|fate| matches!(fate, Fate::Lose))
    }
}

/// What one run came to.
struct Outcome {
    /// The numbers stored, by key, in order.
    stored: HashMap<String, Vec<u32>>,
    /// The numbers handed back by `drain`, by key, in order, and whether they may be stored.
    returned: HashMap<String, Vec<(u32, Delivery)>>,
    acked: HashSet<u32>,
}

async fn run(case: &Case) -> Outcome {
    let service = case.service();
    let builder = BatchSink::builder()
        .batch_records(case.batch_records)
        .max_in_flight(case.max_in_flight)
        .max_queue(case.max_queue)
        .linger(Duration::from_millis(case.linger));
    let mut sink = builder.build(service.clone()).unwrap();
    if case.framed {
        sink = sink.framed(Arc::new(Lines));
    }
    let keys = case.keys.clone();
    let (tracker, messages) =
        owing(case.keys.len() as u32, |number| format!("key-{}", keys[number as usize]));
    let mut returned: HashMap<String, Vec<(u32, Delivery)>> = HashMap::new();
    let mut handed_back = Vec::new();
    for mut message in messages {
        // A sender that takes what failed before it goes on, as one that resends would.
        while std::future::poll_fn(|cx| {
            std::task::Poll::Ready(matches!(sink.poll_ready_unpin(cx), std::task::Poll::Pending))
        })
        .await
        {
            handed_back.extend(sink.drain().await);
        }
        message = match sink.start_send_unpin(message) {
            Ok(()) => continue,
            Err(error) => error.into_undelivered().remove(0).into_message(),
        };
        message.ack();
        unreachable!("the sink accepts after poll_ready");
    }
    handed_back.extend(sink.drain().await);
    for undelivered in &handed_back {
        let message = undelivered.message();
        let number = std::str::from_utf8(message.payload()).unwrap().parse().unwrap();
        let key = message.key().unwrap().partition_key().to_owned();
        returned.entry(key).or_default().push((number, undelivered.delivery()));
    }
    let mut stored: HashMap<String, Vec<u32>> = HashMap::new();
    for entry in service.stored() {
        let numbers =
            std::str::from_utf8(&entry.data).unwrap().lines().map(|line| line.parse::<u32>().unwrap());
        stored.entry(entry.key.partition_key().to_owned()).or_default().extend(numbers);
    }
    let returned_numbers: HashSet<u32> = returned.values().flatten().map(|(number, _)| *number).collect();
    let acked = (0..case.keys.len() as u32).filter(|number| !returned_numbers.contains(number)).collect();
    // Every message that was not handed back is acked: the tracker owes nothing but those.
    assert_eq!(tracker.in_flight(), returned_numbers.len());
    assert_eq!(sink.status().stored() as usize, case.keys.len() - returned_numbers.len());
    Outcome { stored, returned, acked }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_the_service_does_order_holds_and_every_message_is_stored_or_handed_back(case in case()) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let Outcome { stored, returned, acked } = runtime.block_on(run(&case));

        for (number, key) in case.keys.iter().enumerate() {
            let (number, key) = (number as u32, format!("key-{key}"));
            let times = stored.get(&key).map_or(0, |all| all.iter().filter(|each| **each == number).count());
            let back: Vec<_> = returned.get(&key).into_iter().flatten().filter(|(each, _)| *each == number).collect();
            prop_assert!(back.len() <= 1, "{number} was handed back {} times", back.len());
            if acked.contains(&number) {
                prop_assert!(times >= 1, "{number} was acked and never stored");
            }
            if !case.loses_answers() {
                prop_assert_eq!(times + back.len(), 1, "{} stored {} times", number, times);
            }
            if back.iter().any(|(_, delivery)| *delivery == Delivery::NotStored) {
                prop_assert_eq!(times, 0, "{} is stored and was called NotStored", number);
            }
        }
        for (key, numbers) in &stored {
            let mut seen = HashSet::new();
            let first: Vec<_> = numbers.iter().filter(|number| seen.insert(**number)).collect();
            prop_assert!(first.is_sorted(), "{key}: {numbers:?}");
        }
        for (key, numbers) in &returned {
            prop_assert!(numbers.is_sorted_by_key(|(number, _)| *number), "{key}: {numbers:?}");
        }
    }
}
