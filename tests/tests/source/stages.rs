//! Stages that fail.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::MemoryCheckpoints;
use headwater::source::{OnAbandon, Until};
use headwater::{ErrorKind, MemoryStream};
use headwater_kinesis::codec;
use headwater_local::LocalKinesis;

use crate::numbered::{filled, orders};

const RECORDS: usize = 300;

/// What the stages fail for.
fn is_bad(number: usize) -> bool {
    number % 50 == 7
}

fn all() -> BTreeSet<usize> {
    (0..RECORDS).collect()
}

fn records() -> LocalKinesis {
    filled(LocalKinesis::builder(), 2, RECORDS)
}

/// The stage fails until it is mended: each run ends with an error, and the next one begins with the same record.
async fn stopped() -> BTreeSet<usize> {
    let (local, store) = (records(), MemoryCheckpoints::new());
    let run = async |mended: bool| {
        let mut done = BTreeSet::new();
        let source = orders(&local).until(Until::Tip).checkpoints(store.clone()).connect().await.unwrap();
        let control = source.control();
        let stage = |number: usize| {
            if is_bad(number) && !mended { Err(format!("{number} is bad")) } else { Ok(number) }
        };
        let worked = source
            .decode(codec::json::<usize>())
            .map(|message| message?.try_map(stage))
            .map_ok(|message| (done.insert(*message.payload()), message.ack()))
            .try_for_each(|_| async { Ok(()) });
        let worked = worked.await;
        let finished = control.finished().await;
        assert_eq!(worked.is_ok(), finished.is_ok(), "both tell of the failure");
        if let Err(error) = worked {
            assert_eq!(error.kind(), ErrorKind::Stage);
        }
        done
    };
    let mut done = run(false).await;
    assert!(!done.iter().copied().any(is_bad) && done.len() < RECORDS);
    assert!(!run(false).await.into_iter().any(is_bad), "it stops there again");
    done.extend(run(true).await);
    done
}

/// The stage fails twice for each bad record, which comes again.
async fn retried() -> BTreeSet<usize> {
    let (local, mut failures, mut done) = (records(), HashMap::<usize, usize>::new(), BTreeSet::new());
    let source = orders(&local).on_abandon(OnAbandon::Redeliver).connect().await.unwrap();
    let mut numbers = source.decode(codec::json::<usize>());
    while done.len() < RECORDS {
        let message = numbers.try_next().await.unwrap().expect("it goes on");
        let number = *message.payload();
        let failed = failures.entry(number).or_default();
        if is_bad(number) && *failed < 2 {
            *failed += 1;
            drop(message);
        } else {
            done.insert(number);
            message.ack();
        }
    }
    assert!(failures.iter().all(|(&number, &count)| count == if is_bad(number) { 2 } else { 0 }));
    done
}

/// The stage is the decoding, and what it cannot decode goes elsewhere.
async fn dead_lettered() -> BTreeSet<usize> {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    for number in 0..RECORDS {
        let data = if is_bad(number) { format!("bad {number}") } else { number.to_string() };
        local.put("orders", &number.to_string(), data).unwrap();
    }
    let letters = MemoryStream::new("letters", 1);
    let source = orders(&local).until(Until::Tip).connect().await.unwrap();
    let control = source.control();
    let numbers = source.decode(codec::json::<usize>()).divert(letters.sink());
    let numbers = numbers.map_ok(|message| (*message.payload(), message.ack()).0);
    let mut done: BTreeSet<usize> = numbers.try_collect().await.unwrap();
    control.finished().await.unwrap();
    assert!(!done.iter().copied().any(is_bad));
    let letters =
        letters.records().into_iter().map(|record| String::from_utf8(record.payload.to_vec()).unwrap());
    done.extend(letters.map(|letter| letter["bad ".len()..].parse::<usize>().unwrap()));
    done
}

#[tokio::test(start_paused = true)]
async fn a_failing_stage_stops_retries_or_dead_letters_as_configured_it_never_skips() {
    assert_eq!(stopped().await, all());
    assert_eq!(retried().await, all());
    assert_eq!(dead_lettered().await, all());
}
