//! Aggregates while the shards change under them.

use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use headwater::codec::Framed;
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::{KinesisSink, Limits};
use headwater_local::{Fault, Faults, LocalKinesis, Operation};
use headwater_tests::{Kcl, Reading, seeds, sized};

use crate::ledger::{assert_all_acked, assert_whole_and_in_order, owing};
use crate::reshards::Change::{Merge, Split};
use crate::reshards::Reshards;

const KEYS: usize = 500;

/// More splits than merges, so that the stream grows while it is written to.
const CHANGES: [crate::reshards::Change; 6] = [Split, Merge, Split, Split, Merge, Split];

/// Produces while the shards change, and returns what the strict and the lenient reader find.
async fn produce(seed: u64) -> [Reading; 2] {
    let messages = sized(40_000, 5_000);
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let sink = KinesisSink::builder("orders")
        .client(local.client())
        .limits(Limits::Unlimited)
        .linger(Duration::from_millis(2))
        .expo_backoff(Duration::from_millis(5))
        .expo_backoff_limit(Duration::from_millis(50))
        .frame_size(5_000)
        .max_queue(1_000);
    let mut sink = sink.connect().await.unwrap().framed(Arc::new(Kpl));
    // Every call is held back before it takes effect, so that what was packed for the old shards meets the new ones.
    let delay = |millis| Fault::delay(Duration::from_millis(millis)).on(Operation::PutRecords);
    local.faults().set(Faults::seeded(seed).add(delay(5)).add(delay(20).chance(0.5)));

    let mut reshards = Reshards::drawn(seed, messages, &CHANGES);
    let (tracker, all) = owing(messages, |number| format!("key-{}", number % KEYS));
    for (number, message) in all.enumerate() {
        reshards.before(number, &local, "orders");
        sink.feed(message).await.unwrap_or_else(|error| panic!("seed {seed}: feed {number}: {error}"));
    }
    sink.close().await.unwrap_or_else(|error| panic!("seed {seed}: close: {error}"));
    assert_all_acked(&tracker, messages, &format!("seed {seed}"));

    let readings = [Kcl::Strict, Kcl::Lenient].map(|kcl| kcl.read_local(&local, "orders"));
    for (reading, reader) in readings.iter().zip(["strict", "lenient"]) {
        assert_whole_and_in_order(reading, messages, &format!("seed {seed}, the {reader} reader"));
    }
    readings
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_that_landed_on_a_shard_which_does_not_hold_all_its_user_records_is_put_again() {
    let (mut misplaced, mut largest) = (0, 0);
    for seed in seeds(3) {
        let [strict, _] = produce(seed).await;
        misplaced += strict.misplaced;
        largest = largest.max(strict.largest);
    }
    // Otherwise nothing above was put to the test.
    assert!(largest > 1, "many keys share an aggregate");
    assert!(misplaced > 0, "some aggregates met shards that they were not packed for");
}
