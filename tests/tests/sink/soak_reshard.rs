//! Aggregates while the shards change under them.

use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use headwater::codec::Framed;
use headwater::{HashKey, Key};
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::{KinesisSink, Limits};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use headwater_tests::{Kcl, Reading, seeds, sized};
use tokio::time::Instant;

use crate::ledger::{assert_all_acked, assert_whole, assert_whole_and_in_order, one_of, owing};
use crate::reshards::Change::{Merge, Scale, Split};
use crate::reshards::{Change, Reshards};

const KEYS: usize = 500;

const CHANGES: [Change; 8] = [Split, Merge, Split, Scale(7), Split, Merge, Scale(3), Split];

/// Every call is held back before it takes effect, so that what was packed for the old shards meets the new ones.
fn held_back(seed: u64) -> Faults {
    let delay = |millis| Fault::delay(Duration::from_millis(millis)).on(Operation::PutRecords);
    Faults::seeded(seed).add(delay(5)).add(delay(20).chance(0.5))
}

/// Besides, entries fail, answers are lost, and most attempts to list the shards fail or hang.
fn in_trouble(seed: u64) -> Faults {
    let on_list = |fault: Fault| fault.on(Operation::ListShards);
    held_back(seed)
        .fail_entries(0.1)
        .lose_answers(0.05)
        .add(on_list(Fault::fail_calls(ErrorCode::LimitExceeded)).chance(0.3))
        .add(on_list(Fault::fail_calls(ErrorCode::InternalFailure)).chance(0.2))
        .add(on_list(Fault::hang()).chance(0.1))
}

/// What goes wrong besides.
#[derive(Clone, Copy)]
enum Trouble {
    /// Nothing: every listing answers, and what landed elsewhere is put again within seconds
    None,
    /// See [`in_trouble`]
    Listing,
}

/// Produces while the shards change, and returns what the strict and the lenient reader find.
async fn produce(seed: u64, trouble: Trouble, key: impl Fn(usize) -> Option<Key>) -> [Reading; 2] {
    let (faults, patience) = match trouble {
        Trouble::None => (held_back(seed), Duration::from_secs(30)),
        // Listings that fail again and again are asked for ever more rarely.
        Trouble::Listing => (in_trouble(seed), Duration::from_hours(1)),
    };
    let messages = messages();
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let sink = KinesisSink::builder("orders")
        .client(local.client())
        .limits(Limits::Unlimited)
        .linger(Duration::from_millis(2))
        .expo_backoff(Duration::from_millis(5))
        .expo_backoff_limit(Duration::from_millis(50))
        // Nothing is to be given up.
        .time_to_live(patience.max(Duration::from_mins(2)))
        .close_deadline(patience)
        .frame_size(5_000)
        .max_queue(1_000);
    let mut sink = sink.connect().await.unwrap().framed(Arc::new(Kpl));
    local.faults().set(faults);

    let started = Instant::now();
    let mut reshards = Reshards::drawn(seed, messages, &CHANGES);
    let (tracker, all) = owing(messages, key);
    for (number, message) in all.enumerate() {
        reshards.before(number, &local, "orders");
        sink.feed(message).await.unwrap_or_else(|error| panic!("seed {seed}: feed {number}: {error}"));
    }
    sink.close().await.unwrap_or_else(|error| panic!("seed {seed}: close: {error}"));
    assert_all_acked(&tracker, messages, &format!("seed {seed}"));
    let took = started.elapsed();
    assert!(took < patience, "seed {seed}: {took:?} for {} reshards", CHANGES.len());
    [Kcl::Strict, Kcl::Lenient].map(|kcl| kcl.read_local(&local, "orders"))
}

fn messages() -> usize {
    sized(40_000, 5_000)
}

/// Has every seed keep everything for both readers, and each key in its order where it has one.
async fn reaches_both_readers(trouble: Trouble, key: fn(usize) -> Option<Key>) {
    let (mut misplaced, mut largest) = (0, 0);
    for seed in seeds(3) {
        let readings = produce(seed, trouble, key).await;
        for (reading, reader) in readings.iter().zip(["strict", "lenient"]) {
            let what = format!("seed {seed}, the {reader} reader");
            match key(0) {
                Some(_) => assert_whole_and_in_order(reading, messages(), &what),
                None => assert_whole(reading, messages(), &what),
            }
            misplaced += reading.misplaced;
            largest = largest.max(reading.largest);
        }
    }
    // Otherwise nothing above was put to the test.
    assert!(largest > 1, "messages share aggregates");
    assert!(misplaced > 0 || key(0).is_none(), "some aggregates met shards that they were not packed for");
}

/// A key whose hash key has nothing to do with it.
fn hashed(number: usize) -> Option<Key> {
    let key = number % KEYS;
    let hash = HashKey::new(u128::MAX / KEYS as u128 * (key * 7 % KEYS) as u128);
    one_of(KEYS)(number).map(|key| key.hashed(hash))
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_that_landed_on_a_shard_which_does_not_hold_all_its_user_records_is_re_put_whole_split_by_the_new_map()
 {
    reaches_both_readers(Trouble::None, |number| one_of(KEYS)(number)).await;
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_is_put_again_by_the_explicit_hash_keys_of_its_user_records() {
    reaches_both_readers(Trouble::None, hashed).await;
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_reach_the_strict_reader_through_every_reshard() {
    reaches_both_readers(Trouble::None, |_| None).await;
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_that_landed_elsewhere_is_put_again_though_listing_the_shards_fails() {
    reaches_both_readers(Trouble::Listing, |number| one_of(KEYS)(number)).await;
}
