//! Consumers that stop for a while.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use headwater::checkpoint::{Application, CheckpointStore, MemoryCheckpoints};
use headwater_local::LocalKinesis;
use tokio::time::sleep;

use crate::collect::{Seen, numbers, read_some};
use crate::numbered::{filled, orders, put};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_consumer_that_stalls_for_a_minute_loses_nothing() {
    // So little is fetched ahead that the iterators expire within that minute. More is written, and a shard is split.
    let local = filled(LocalKinesis::builder().iterator_lifetime(MINUTE / 2), 2, 600);
    let mut source = orders(&local).record_limit(50).buffer_bytes(1 << 10).connect().await.unwrap();
    let mut seen = Vec::new();
    for taken in [14, 100, 7] {
        let some: Vec<_> = (&mut source).take(taken).map_ok(Seen::from).try_collect().await.unwrap();
        seen.extend(some);
        sleep(MINUTE).await;
    }
    put(&local, 600..700);
    local.split_shard("orders", "shardId-000000000000").unwrap();
    sleep(MINUTE).await;
    put(&local, 700..800);
    let left = 800 - seen.len();
    seen.extend(read_some(source, left).await.unwrap());
    assert_eq!(numbers(&seen), (0..800).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stalled_consumer_keeps_its_leases_and_its_memory_budget() {
    const RECORD: usize = 10_000;
    const PAGE: u32 = 50;
    const BUDGET: usize = 1 << 20;
    let local = LocalKinesis::builder().stream("orders", 4).build();
    for number in 0..2_000 {
        local.put("orders", &format!("key-{number}"), format!("{number:0RECORD$}")).unwrap();
    }
    let store = MemoryCheckpoints::new();
    let source = || orders(&local).checkpoints(store.clone()).record_limit(PAGE).buffer_bytes(BUDGET);
    let mut stalled = source().connect().await.unwrap();
    stalled.try_next().await.unwrap().unwrap().ack();
    let rows = async || store.list(&Application::new("headwater", "orders")).await.unwrap();
    let before = rows().await;
    assert_eq!(before.len(), 4);

    // Nobody could take any of them for expired.
    for _ in 0..60 {
        let then = rows().await;
        sleep(Duration::from_secs(9)).await;
        for (then, now) in then.into_iter().zip(rows().await) {
            assert_eq!((&then.owner, then.token), (&now.owner, now.token), "no lease has changed hands");
            assert_ne!(then.version, now.version, "a lease of 10 s was not renewed for 9 s");
        }
    }
    let held = usize::try_from(local.counters().records_read()).unwrap() * RECORD;
    // The page in hand is charged until it is done.
    let allowed = BUDGET + PAGE as usize * RECORD;
    assert!(held <= allowed, "{held} bytes are held where {allowed} are allowed");

    assert_eq!(numbers(&read_some(stalled, 1_999).await.unwrap()).len(), 1_999);
}
