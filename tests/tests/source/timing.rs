//! How soon records arrive, in virtual time.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::MemoryCheckpoints;
use headwater_local::{Fault, Faults, LocalKinesis, ShardRates};
use tokio::time::{Instant, sleep};

use crate::collect::read_some;
use crate::numbered::{filled, orders};

/// What a call takes, so that nothing is for free.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// An endpoint as far away, and as limited, as AWS's.
fn distant(shards: usize, numbers: usize) -> LocalKinesis {
    let local = filled(LocalKinesis::builder().rates(ShardRates::aws()), shards, numbers);
    local.faults().set(Faults::seeded(0).add(Fault::delay(ROUND_TRIP)));
    local
}

/// How long a source takes from nothing to its first record.
async fn first_record(local: &LocalKinesis, store: &MemoryCheckpoints) -> Duration {
    let began = Instant::now();
    let mut source = orders(local).checkpoints(store.clone()).connect().await.unwrap();
    let control = source.control();
    source.try_next().await.unwrap().unwrap().ack();
    let took = began.elapsed();
    drop(source);
    control.finished().await.unwrap();
    took
}

#[tokio::test(start_paused = true)]
async fn first_record_within_2_s_of_start() {
    let local = distant(16, 1_000);
    let store = MemoryCheckpoints::new();
    for leases in ["free", "released by the run before"] {
        let took = first_record(&local, &store).await;
        assert!(took < Duration::from_secs(2), "{took:?} with leases that are {leases}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_in_each_of_a_thousand_shards_is_read_within_seconds() {
    let local = LocalKinesis::builder().rates(ShardRates::aws()).shard_limit(1_000);
    let local = local.stream("orders", 1_000).build();
    for shard in local.shards("orders").unwrap() {
        local.put_at("orders", "key", shard.starting_hash_key, "a record").unwrap();
    }
    local.faults().set(Faults::seeded(0).add(Fault::delay(ROUND_TRIP)));
    let began = Instant::now();
    read_some(orders(&local).connect().await.unwrap(), 1_000).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// The median and the longest that a record takes through one of so many shards.
async fn latency(shards: usize, pushed: bool) -> (Duration, Duration) {
    let local = distant(shards, 0);
    let source = orders(&local);
    let source = if pushed { source.fan_out("reader") } else { source };
    let source = source.connect().await.unwrap();
    source.control().ready().await.unwrap();
    let began = Instant::now();
    let mut pauses = fastrand::Rng::with_seed(0);
    let writing = async {
        for _ in 0..100 {
            sleep(Duration::from_millis(pauses.u64(1..500))).await;
            local.put("orders", "the key of one shard", began.elapsed().as_micros().to_string()).unwrap();
        }
    };
    let reading = source.take(100).map_ok(|message| {
        let put: u64 = std::str::from_utf8(message.payload()).unwrap().parse().unwrap();
        message.ack();
        began.elapsed().saturating_sub(Duration::from_micros(put))
    });
    let (latencies, ()) = tokio::join!(reading.try_collect::<Vec<_>>(), writing);
    // The first come while the shards are still being opened.
    let mut latencies = latencies.unwrap().split_off(20);
    latencies.sort_unstable();
    (latencies[latencies.len() / 2], latencies[latencies.len() - 1])
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_adds_no_latency_to_an_active_one() {
    // From one call to the next, and there and back.
    let polled = Duration::from_millis(200) + ROUND_TRIP * 2;
    for (pushed, bound) in [(false, polled), (true, ROUND_TRIP * 2)] {
        let (alone, _) = latency(1, pushed).await;
        for shards in [1, 8, 32] {
            let (median, longest) = latency(shards, pushed).await;
            println!("{shards} shards, pushed: {pushed}: median {median:?}, longest {longest:?}");
            assert!(longest <= bound, "{longest:?} with {shards} shards, pushed: {pushed}");
            assert!(median <= alone.mul_f64(1.2), "{median:?} with {shards} shards, {alone:?} with one");
        }
    }
}

/// How long it takes to read from each shard what one gives in so many seconds.
async fn read_time(shards: usize, seconds: usize) -> Duration {
    let local = filled(LocalKinesis::builder().rates(ShardRates::aws()), shards, 0);
    let mut count = 0;
    for shard in local.shards("orders").unwrap() {
        for _ in 0..seconds * 20 {
            local.put_at("orders", "key", shard.starting_hash_key, vec![b'x'; (2 << 20) / 20]).unwrap();
            count += 1;
        }
    }
    let began = Instant::now();
    read_some(orders(&local).record_limit(20).connect().await.unwrap(), count).await.unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn n_shards_give_n_times_one_shards_rate() {
    let (one, eight) = (read_time(1, 4).await, read_time(8, 4).await);
    assert!(eight <= one.mul_f64(1.1), "{one:?} for one shard and {eight:?} for eight");
}
