//! Who reads a shard, for how long, and who comes after.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::sick::{Illness, Sick, Verb};
use super::{LONG, ack_all, claim, config, filled, next, read_all, row, rows, shard, until_tip};
use crate::checkpoint::{CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
use crate::source::SourceConfig;
use crate::{ErrorKind, MemoryStream, Message, ShardId};

/// Watches a row for a minute, and returns the longest that its lease went unrenewed.
pub(super) async fn longest_unrenewed(store: &MemoryCheckpoints, shard: ShardId) -> Duration {
    let begun = Instant::now();
    let (mut version, mut since, mut longest) = (None, begun, Duration::ZERO);
    while begun.elapsed() < Duration::from_mins(1) {
        let now = rows(store).await.get(&shard).map(|row| row.version);
        longest = longest.max(since.elapsed());
        if now != version {
            (version, since) = (now, Instant::now());
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(version.is_some(), "{shard} was never leased");
    longest
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_died_is_replaced_once_its_lease_has_expired() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    store.claim(&claim("dead", shard(0))).await.unwrap().unwrap();
    let begun = Instant::now();
    let numbers = timeout(LONG, read_all(&stream, until_tip(&store))).await.unwrap();
    assert_eq!(numbers.len(), 10);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(10), "taken over a lease that might live: {waited:?}");
    assert!(waited <= Duration::from_secs(20), "twice the lease time is too long: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_within_two_seconds_however_long_leases_are() {
    let (stream, store) = (filled(1, 3), MemoryCheckpoints::new());
    let config = || SourceConfig { lease_time: Duration::from_mins(1), ..config(&store) };
    let first = stream.source_with(config()).await.unwrap();
    let control = first.control();
    control.ready().await.unwrap();
    let mut second = stream.source_with(config()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    drop(first);
    control.finished().await.unwrap();
    let begun = Instant::now();
    next(&mut second).await.ack();
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_stalls_for_a_minute_loses_nothing_and_keeps_its_leases() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let mut source = stream.source_with(until_tip(&store)).await.unwrap();
    source.try_next().await.unwrap().unwrap().ack();
    sleep(Duration::from_mins(1)).await;
    let before = rows(&store).await;
    sleep(Duration::from_secs(10)).await;
    let after = rows(&store).await;
    for (shard, before) in before {
        let after = &after[&shard];
        assert!(after.version > before.version && after.token == before.token, "{shard}");
    }
    let rest = source.map_ok(Message::ack).try_collect::<Vec<()>>().await.unwrap();
    assert_eq!(rest.len(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_stops_and_its_acks_move_nothing() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let mut source = stream.source_with(until_tip(&store)).await.unwrap();
    let held = source.try_next().await.unwrap().unwrap();
    let expired = Some(row(&store, shard(0)).await.version);
    let thief = Claim { expired, ..claim("thief", shard(0)) };
    let lease = store.claim(&thief).await.unwrap().unwrap();
    sleep(Duration::from_secs(5)).await;
    held.ack();
    timeout(Duration::from_secs(1), source.next()).await.expect_err("nothing more comes of that shard");
    let row = row(&store, shard(0)).await;
    assert_eq!(row.owner, Some(WorkerId::new("thief")));
    assert_eq!(row.checkpoint, lease.checkpoint);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_fails_or_hangs_costs_its_own_shard_alone() {
    let stream = filled(4, 100);
    let healthy = stream.records().iter().filter(|record| record.shard != shard(3)).count();
    for illness in [Illness::Fails(ErrorKind::Throttled), Illness::Hangs] {
        let store = Sick::new(&MemoryCheckpoints::new(), illness, |verb, of| {
            verb == Verb::Claim && of == Some(&shard(3))
        });
        let source = stream.source_with(config(&store)).await.unwrap();
        let reading = source.take(healthy).map_ok(Message::ack).try_collect::<Vec<()>>();
        timeout(Duration::from_secs(2), reading).await.expect("three shards can be read").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hangs_costs_its_own_lease_alone() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let sick = Sick::new(&store, Illness::Hangs, |verb, of| verb != Verb::Claim && of == Some(&shard(0)));
    let reading = tokio::spawn(ack_all(stream.source_with(config(&sick)).await.unwrap()));
    let longest = longest_unrenewed(&store, shard(1)).await;
    assert!(longest < Duration::from_secs(8), "a lease of 10 s was not renewed for {longest:?}");
    assert!(!reading.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_reshard_of_many_shards_keeps_the_other_leases() {
    let (stream, store) = (MemoryStream::new("orders", 41), MemoryCheckpoints::new());
    // To finish 40 shards one after the other would take 4 s.
    let slow = Sick::new(&store, Illness::Slow(Duration::from_millis(50)), |verb, _| verb != Verb::List);
    let config = SourceConfig { lease_time: Duration::from_secs(2), ..config(&slow) };
    let source = stream.source_with(config).await.unwrap();
    source.control().ready().await.unwrap();
    let reading = tokio::spawn(ack_all(source));
    sleep(Duration::from_secs(5)).await;
    for n in 0..40 {
        stream.split(&shard(n)).unwrap();
    }
    let longest = longest_unrenewed(&store, shard(40)).await;
    assert!(longest < Duration::from_secs(2), "a lease of 2 s was not renewed for {longest:?}");
    assert!(!reading.is_finished());
}

#[tokio::test(start_paused = true)]
async fn claims_that_take_long_let_no_lease_expire() {
    let (stream, store) = (MemoryStream::new("orders", 160), MemoryCheckpoints::new());
    // All of them take 3 s.
    let slow = Sick::new(&store, Illness::Slow(Duration::from_millis(300)), |verb, _| verb == Verb::Claim);
    let config = SourceConfig { lease_time: Duration::from_secs(1), ..config(&slow) };
    let source = stream.source_with(config).await.unwrap();
    let longest = longest_unrenewed(&store, shard(0)).await;
    assert!(longest < Duration::from_secs(1), "a lease of 1 s was not renewed for {longest:?}");
    drop(source);
}
