//! Enhanced fan-out, from the source's builder to the last checkpoint.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::MemoryCheckpoints;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesis, Operation};
use headwater_tests::{Endpoint, Server, eventually, seeds};
use tokio::time::{Instant, sleep};

use crate::collect::{Seen, assert_whole, numbers, read_some};
use crate::numbered::put_to;

fn source(local: &LocalKinesis) -> KinesisSourceBuilder {
    KinesisSource::builder("orders").client(local.client()).fan_out("reports")
}

fn put(local: &LocalKinesis, numbers: std::ops::Range<usize>) {
    for number in numbers {
        local.put("orders", &format!("key-{}", number % 17), number.to_string()).unwrap();
    }
}

async fn what_is_pushed_is_resumed_without_loss_or_repetition(endpoint: &Endpoint) {
    let stream = endpoint.create_stream("pushed", 2).await;
    let source =
        || KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).fan_out("reports");
    let store = MemoryCheckpoints::new();
    let (mut seen, mut handles) = (Vec::new(), Vec::new());
    for round in 0..2 {
        put_to(&stream, round * 40..round * 40 + 20).await;
        let source = source().checkpoints(store.clone()).connect().await.unwrap();
        let fan_out = source.fan_out().unwrap();
        // The second round begins within the 5 s of the first one's subscriptions.
        eventually("both shards are pushed", async || (fan_out.subscribed_shards() == 2).then_some(())).await;
        put_to(&stream, round * 40 + 20..round * 40 + 40).await;
        seen.extend(read_some(source, 40).await.unwrap());
        handles.push(fan_out);
    }
    assert_whole(&seen, 80);
    // kinesis-local may forget a consumer while other streams change.
    if endpoint.server() == Server::Local {
        assert!(!handles[1].deregister().await.unwrap(), "the second found what the first had registered");
        assert!(handles[0].deregister().await.unwrap());
    }
    stream.delete().await;
}

#[tokio::test]
async fn what_is_pushed_is_resumed_on_our_server() {
    what_is_pushed_is_resumed_without_loss_or_repetition(Server::Local.shared()).await;
}

#[tokio::test]
async fn what_is_pushed_is_resumed_on_kinesis_local() {
    what_is_pushed_is_resumed_without_loss_or_repetition(Server::KinesisLocal.shared()).await;
}

#[tokio::test]
async fn what_is_pushed_is_resumed_over_http_2() {
    what_is_pushed_is_resumed_without_loss_or_repetition(&Server::KinesisLocal.shared().tls()).await;
}

#[tokio::test(start_paused = true)]
async fn children_of_a_split_and_of_a_merge_are_pushed_after_their_parents() {
    for seed in seeds(3) {
        let local = LocalKinesis::builder().stream("orders", 2).build();
        local.faults().set(Faults::seeded(seed).disconnect(0.1));
        let source = source(&local).refresh_interval(Duration::from_secs(5)).connect().await.unwrap();
        let control = source.control();
        let reading = tokio::spawn(source.take(500).map_ok(Seen::from).try_collect::<Vec<_>>());
        let pause = || sleep(Duration::from_secs(7));
        put(&local, 0..100);
        pause().await;
        let [low, high] = local.split_shard("orders", "shardId-000000000000").unwrap();
        put(&local, 100..200);
        pause().await;
        let [_, quarter] = local.split_shard("orders", &low).unwrap();
        put(&local, 200..300);
        let merged = local.merge_shards("orders", &quarter, &high).unwrap();
        put(&local, 300..400);
        pause().await;
        put(&local, 400..500);
        let seen = reading.await.unwrap().unwrap();
        control.finished().await.unwrap();
        assert_whole(&seen, 500);
        let place = |shard: &str| seen.iter().position(|seen| seen.shard == shard).expect("it was read");
        for (child, parent) in [(&low, "shardId-000000000000"), (&merged, &high)] {
            let last = seen.iter().rposition(|seen| seen.shard == parent).expect("it was read");
            assert!(last < place(child), "{child} was read before {parent} was finished (seed {seed})");
        }
        assert!(local.counters().records_pushed() > 250, "most of it is pushed (seed {seed})");
    }
}

#[tokio::test(start_paused = true)]
async fn broken_connections_and_failed_calls_lose_and_repeat_nothing() {
    for seed in seeds(3) {
        let local = LocalKinesis::builder().stream("orders", 4).build();
        let faults = Faults::seeded(seed).disconnect(0.1).stall(0.01).lose_answers(0.05).reset(0.05);
        local.faults().set(faults);
        let source = source(&local).connect().await.unwrap();
        let reading = tokio::spawn(read_some(source, 2_000));
        // Long enough for shards that fell back on polling to return.
        for second in 0..1_000 {
            put(&local, second * 2..second * 2 + 2);
            sleep(Duration::from_secs(1)).await;
        }
        assert_whole(&reading.await.unwrap().unwrap(), 2_000);
        assert!(local.counters().faults(FaultKind::Disconnect) > 20, "seed {seed}");
        assert!(local.counters().records_pushed() > 500, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_outlives_the_timeout_of_a_call() {
    let local = LocalKinesis::builder().stream("orders", 3).build();
    let source = source(&local).attempt_timeout(Duration::from_secs(1)).connect().await.unwrap();
    let reading = tokio::spawn(read_some(source, 240));
    for second in 0..240 {
        put(&local, second..second + 1);
        sleep(Duration::from_secs(1)).await;
    }
    assert_whole(&reading.await.unwrap().unwrap(), 240);
    assert_eq!(local.counters().calls(Operation::SubscribeToShard), 3);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_pushed_arrives_at_once() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut source = source(&local).connect().await.unwrap();
    let begun = Instant::now();
    put(&local, 0..1);
    source.try_next().await.unwrap().unwrap().ack();
    assert!(begun.elapsed() < Duration::from_secs(2), "the first record takes {:?}", begun.elapsed());
    for number in 1..50 {
        sleep(Duration::from_millis(730)).await;
        let begun = Instant::now();
        put(&local, number..number + 1);
        source.try_next().await.unwrap().unwrap().ack();
        assert!(begun.elapsed() < Duration::from_millis(10), "record {number} takes {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_pushed_shards_that_stalls_stays_within_its_budget_and_gets_everything() {
    const RECORD: usize = 16 << 10;
    const EVENT: usize = 4 * RECORD;
    const BUDGET: usize = 16 * RECORD;
    let local = LocalKinesis::builder().stream("orders", 4).event_bytes(EVENT).build();
    local.register_consumer("orders", "reports").unwrap();
    let mut source = source(&local).record_limit(4).buffer_bytes(BUDGET).connect().await.unwrap();
    for number in 0..400 {
        local.put("orders", &format!("key-{number}"), format!("{number:0RECORD$}")).unwrap();
    }
    let first = Seen::from(source.try_next().await.unwrap().unwrap());
    sleep(Duration::from_mins(1)).await;
    let out = || local.counters().records_pushed() + local.counters().records_read();
    let stalled = out();
    // Beyond the budget each shard has had one event that was let go of, and one is in the consumer's hands.
    assert!(stalled <= ((BUDGET + 5 * EVENT) / RECORD) as u64, "{stalled} records are out");
    sleep(Duration::from_mins(20)).await;
    assert_eq!((out(), local.subscription_count("orders").unwrap()), (stalled, 0));
    let mut seen = read_some(source, 399).await.unwrap();
    seen.push(first);
    assert_eq!(numbers(&seen), (0..400).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_byte_budget_over_all_shards_and_all_fetch_modes() {
    const SHARDS: usize = 6;
    const RECORD: usize = 16 << 10;
    const PAGE: usize = 4 * RECORD;
    const BUDGET: usize = 12 * RECORD;
    let local = LocalKinesis::builder().stream("orders", SHARDS).event_bytes(PAGE).build();
    local.register_consumer("orders", "reports").unwrap();
    // Half of the shards can never be subscribed to, and are polled for it.
    let refused = (0..SHARDS / 2).fold(Faults::seeded(1), |faults, shard| {
        let refused = Fault::fail_calls(ErrorCode::InternalFailure).on(Operation::SubscribeToShard);
        faults.add(refused.in_shard("orders", format!("shardId-{shard:012}")))
    });
    local.faults().set(refused);
    let mut source = source(&local).record_limit(4).buffer_bytes(BUDGET).connect().await.unwrap();
    let fan_out = source.fan_out().expect("it was asked for");
    while fan_out.polled_shards() != SHARDS / 2 || fan_out.subscribed_shards() != SHARDS / 2 {
        sleep(Duration::from_secs(1)).await;
    }

    for number in 0..600 {
        local.put("orders", &format!("key-{number}"), format!("{number:0RECORD$}")).unwrap();
    }
    let first = Seen::from(source.try_next().await.unwrap().unwrap());
    sleep(Duration::from_mins(20)).await;
    let counters = local.counters();
    let out = usize::try_from(counters.records_pushed() + counters.records_read()).unwrap();
    // Beyond the budget each shard has had one event that was let go of, and one page is in the consumer's hands.
    let allowed = (BUDGET + (SHARDS + 1) * PAGE) / RECORD;
    assert!(out <= allowed, "{out} records are out where {allowed} are allowed");

    let mut seen = read_some(source, 599).await.unwrap();
    seen.push(first);
    assert_eq!(numbers(&seen), (0..600).collect::<Vec<_>>());
    let counters = local.counters();
    assert!(counters.records_pushed() > 100 && counters.records_read() > 100, "both ways fetch");
}
