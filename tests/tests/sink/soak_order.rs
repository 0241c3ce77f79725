//! Per-key order and delivery under all that can go wrong at once, a reshard in mid-way included.

use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use headwater::codec::Framed;
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::{KinesisSink, Limits};
use headwater_local::{Fault, FaultKind, Faults, LocalKinesis, Operation};
use headwater_tests::{Kcl, seeds, sized};

use crate::ledger::{assert_all_acked, assert_whole_and_in_order, one_of, owing};
use crate::reshards::Change::{Merge, Split};
use crate::reshards::Reshards;

/// What is sent.
#[derive(Clone, Copy)]
struct Load {
    messages: usize,
    keys: usize,
    aggregated: bool,
}

/// 30 % of entries fail, half of them as if throttled; answers are lost, connections reset and calls held back.
fn faults(seed: u64) -> Faults {
    let delay = |millis| Fault::delay(Duration::from_millis(millis)).on(Operation::PutRecords).chance(0.5);
    // The delays keep requests in flight while the shards change.
    Faults::seeded(seed).fail_entries(0.3).lose_answers(0.03).reset(0.03).add(delay(3)).add(delay(10))
}

/// A sink that retries within milliseconds, and holds so little that the feeding goes on to the end of the run.
async fn sink(local: &LocalKinesis, load: Load) -> KinesisSink {
    let sink = KinesisSink::builder("orders")
        .client(local.client())
        .limits(Limits::Unlimited)
        .linger(Duration::from_millis(5))
        .expo_backoff(Duration::from_millis(5))
        .expo_backoff_limit(Duration::from_millis(50))
        .attempt_timeout(Duration::from_millis(300))
        // Small, so that one key fills many.
        .frame_size(1_000)
        .max_queue((load.messages / 20).max(50));
    let sink = sink.connect().await.unwrap();
    if load.aggregated { sink.framed(Arc::new(Kpl)) } else { sink }
}

/// Sends everything, and returns how many entries failed on the way.
async fn keeps_order_and_loses_nothing(seed: u64, load: Load) -> u64 {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    let mut sink = sink(&local, load).await;
    local.faults().set(faults(seed));
    let mut reshards = Reshards::drawn(seed, load.messages, &[Split, Merge]);
    let (tracker, messages) = owing(load.messages, one_of(load.keys));
    for (number, message) in messages.enumerate() {
        reshards.before(number, &local, "orders");
        sink.feed(message).await.unwrap_or_else(|error| panic!("seed {seed}: feed {number}: {error}"));
    }
    sink.close().await.unwrap_or_else(|error| panic!("seed {seed}: close: {error}"));

    let what = format!("seed {seed}");
    assert_all_acked(&tracker, load.messages, &what);
    for kcl in [Kcl::Strict, Kcl::Lenient] {
        let reading = kcl.read_local(&local, "orders");
        assert_whole_and_in_order(&reading, load.messages, &format!("{what}, {kcl:?}"));
        assert_eq!(reading.payloads.len(), load.keys, "{what}: every message keeps its key");
    }
    assert!(local.shards("orders").unwrap().len() >= 7, "{what}: two children of a split and one of a merge");
    local.counters().faults(FaultKind::FailEntry)
}

async fn every_seed_keeps_order_and_loses_nothing(load: Load) {
    let mut failed = 0;
    for seed in seeds(3) {
        failed += keeps_order_and_loses_nothing(seed, load).await;
    }
    assert!(failed > 0, "otherwise nothing was put to the test");
}

#[tokio::test(start_paused = true)]
async fn one_key_in_aggregates_keeps_its_order_and_loses_nothing() {
    let messages = sized(20_000, 2_000);
    every_seed_keeps_order_and_loses_nothing(Load { messages, keys: 1, aggregated: true }).await;
}

#[tokio::test(start_paused = true)]
async fn one_key_in_plain_records_keeps_its_order_and_loses_nothing() {
    let messages = sized(1_000, 300);
    every_seed_keeps_order_and_loses_nothing(Load { messages, keys: 1, aggregated: false }).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_keys_in_aggregates_keep_their_order_and_lose_nothing() {
    let messages = sized(200_000, 20_000);
    every_seed_keeps_order_and_loses_nothing(Load { messages, keys: 1_000, aggregated: true }).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_keys_in_plain_records_keep_their_order_and_lose_nothing() {
    let messages = sized(200_000, 20_000);
    every_seed_keeps_order_and_loses_nothing(Load { messages, keys: 1_000, aggregated: false }).await;
}

#[tokio::test(start_paused = true)]
async fn per_key_order_survives_throttling_partial_failure_and_retry_with_20_000_records_of_one_key() {
    let load = Load { messages: 20_000, keys: 1, aggregated: true };
    assert!(keeps_order_and_loses_nothing(1, load).await > 0, "otherwise nothing was put to the test");
}
