//! How the rate grows with the shards.

use std::sync::Arc;
use std::time::Duration;

use headwater::codec::Framed;
use headwater_kinesis::KinesisSink;
use headwater_kinesis::codec::Kpl;
use headwater_kinesis::limits::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};
use headwater_local::{Fault, Faults, LocalKinesis, Operation, ShardRates};
use headwater_tests::sized;

use crate::feeder::{feed, keys_by_shard};
use crate::meter::{Taken, measure};

/// How long the rate may take to become steady.
const START: usize = 2;

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(20);

/// What all shards took in how many steady seconds.
async fn run(shards: usize, aggregated: bool) -> (Taken, usize) {
    let seconds = sized(20, 5);
    let local = LocalKinesis::builder().stream("orders", shards).rates(ShardRates::aws()).build();
    local.faults().set(Faults::seeded(1).add(Fault::delay(LATENCY).on(Operation::PutRecords)));
    let sink = KinesisSink::builder("orders").client(local.client()).max_queue(100_000);
    let sink = sink.connect().await.unwrap();
    let (sink, len) = if aggregated { (sink.framed(Arc::new(Kpl)), 100) } else { (sink, 1_024) };
    let keys = keys_by_shard(&local, "orders");
    let measured = tokio::select! {
        never = feed(sink, keys, len) => match never {},
        measured = measure(&local, "orders", START + seconds) => measured,
    };
    let mut total = Taken::default();
    for taken in measured[START..].iter().flat_map(|second| &second.shards) {
        total.records += taken.records;
        total.bytes += taken.bytes;
    }
    (total, seconds)
}

fn assert_near(taken: u64, shards: usize, seconds: usize, rate: u64, unit: &str) {
    let limit = rate * (shards * seconds) as u64;
    assert!(
        taken * 100 >= limit * 95,
        "{shards} shards took {taken} {unit} in {seconds} s: {} % of what they allow",
        taken * 100 / limit,
    );
}

async fn plain(shards: usize) {
    let (taken, seconds) = run(shards, false).await;
    assert_near(taken.records, shards, seconds, SHARD_RECORDS_PER_SECOND, "records");
}

async fn aggregated(shards: usize) {
    let (taken, seconds) = run(shards, true).await;
    assert_near(taken.bytes, shards, seconds, SHARD_BYTES_PER_SECOND, "bytes");
}

#[tokio::test(start_paused = true)]
async fn one_shard_takes_its_rate_of_plain_records() {
    plain(1).await;
}

#[tokio::test(start_paused = true)]
async fn one_shard_takes_its_rate_of_aggregates() {
    aggregated(1).await;
}

#[tokio::test(start_paused = true)]
async fn n_shards_take_n_times_one_shards_rate_of_plain_records() {
    plain(4).await;
    plain(sized(16, 2)).await;
}

#[tokio::test(start_paused = true)]
async fn n_shards_take_n_times_one_shards_rate_of_aggregates() {
    aggregated(4).await;
    aggregated(sized(16, 2)).await;
}
