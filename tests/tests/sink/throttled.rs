//! One shard that takes less than the sink was told.

use std::time::Duration;

use headwater_kinesis::KinesisSink;
use headwater_local::{Fault, Faults, LocalKinesis, Operation, ShardRates};
use headwater_tests::sized;

use crate::feeder::{feed, keys_by_shard};
use crate::meter::{Second, measure};

/// What a shard takes in a second.
const RATE: u32 = 1_000;

/// What the slow shard takes in a second.
const SLOW_RATE: u32 = RATE / 10;

/// The slow shard's place among the shards.
const SLOW: usize = 2;

/// How long the sink may take to learn what the slow shard takes.
const SETTLING: usize = 15;

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(20);

/// Feeds every shard at full speed, and measures for so many seconds.
async fn run(shards: usize, seconds: usize) -> Vec<Second> {
    let local = LocalKinesis::builder().stream("orders", shards).rates(ShardRates::aws()).build();
    let slow = local.shards("orders").unwrap().swap_remove(SLOW).shard_id;
    let tenth = |rate: Option<u32>| rate.map(|rate| rate / 10);
    let aws = ShardRates::aws();
    let rates = ShardRates {
        write_records_per_second: tenth(aws.write_records_per_second),
        write_bytes_per_second: tenth(aws.write_bytes_per_second),
        ..aws
    };
    local.rates().set_shard("orders", &slow, rates);
    local.faults().set(Faults::seeded(1).add(Fault::delay(LATENCY).on(Operation::PutRecords)));

    // Large enough that what the slow shard leaves in it takes no room from the others.
    let sink = KinesisSink::builder("orders").client(local.client()).max_queue(200_000);
    let sink = sink.max_queue_bytes(1 << 30).connect().await.unwrap();
    let keys = keys_by_shard(&local, "orders");
    tokio::select! {
        never = feed(sink, keys, 1_024) => match never {},
        measured = measure(&local, "orders", seconds) => measured,
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_shard_slows_only_its_own_records() {
    let (shards, seconds) = (sized(8, 4), sized(60, 30));
    let measured = run(shards, seconds).await;
    // The first second spends what the shards had saved up.
    let steady = &measured[1..];
    for shard in 0..shards {
        let taken: u64 = steady.iter().map(|second| second.shards[shard].records).sum();
        let (rate, least) = if shard == SLOW { (SLOW_RATE, 0.90) } else { (RATE, 0.95) };
        let granted = f64::from(rate) * steady.len() as f64;
        assert!(
            taken as f64 >= least * granted,
            "shard {shard} took {taken} records of {granted} in {} s; by second: {:?}",
            steady.len(),
            steady.iter().map(|second| second.shards[shard].records).collect::<Vec<_>>(),
        );
    }
    let settled = &measured[SETTLING..];
    let refused: u64 = settled.iter().map(|second| second.refused).sum();
    let taken: u64 = settled.iter().map(|second| second.shards[SLOW].records).sum();
    eprintln!("the slow shard took {taken} records and refused {refused}");
    // Whoever was refused: the other shards take all that the sink sends them.
    assert!(
        refused * 10 < refused + taken,
        "{refused} refused and {taken} taken by the slow shard; refused by second: {:?}",
        settled.iter().map(|second| second.refused).collect::<Vec<_>>(),
    );
}
