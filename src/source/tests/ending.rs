//! The end of a source: bounded, and leaving nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use tokio::time::{Instant, sleep, timeout};

use super::odd::{Endless, Odd};
use super::sick::{Illness, Sick, Verb};
use super::{LONG, config, filled, next, row, shard, until_tip};
use crate::ErrorKind;
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{ShardedSource, SourceConfig};

#[tokio::test(start_paused = true)]
async fn ending_is_bounded_and_names_the_shards_with_unacked_messages() {
    let stream = filled(1, 2);
    let config =
        SourceConfig { drain_timeout: Duration::from_secs(5), ..until_tip(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    let held = source.try_next().await.unwrap().unwrap();
    drop(source);
    let error = timeout(LONG, control.finished()).await.expect("it is bounded").unwrap_err();
    assert!(error.to_string().contains("shardId-000000000000: 1 messages not acked"), "{error}");
    held.ack();
}

#[tokio::test(start_paused = true)]
async fn a_drain_without_limit_may_be_asked_for() {
    let config = SourceConfig { drain_timeout: Duration::MAX, ..config(&MemoryCheckpoints::new()) };
    let source = filled(1, 1).source_with(config).await.unwrap();
    let control = source.control();
    drop(source);
    timeout(LONG, control.finished()).await.expect("it ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn ending_is_bounded_where_the_store_hangs() {
    let hangs = Arc::new(AtomicBool::new(false));
    let hung = Arc::clone(&hangs);
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, move |_, _| hung.load(Ordering::SeqCst));
    let config = SourceConfig {
        drain_timeout: Duration::from_secs(1),
        lease_time: Duration::from_mins(1),
        ..config(&store)
    };
    let mut source = filled(1, 1).source_with(config).await.unwrap();
    let control = source.control();
    next(&mut source).await.ack();
    hangs.store(true, Ordering::SeqCst);
    drop(source);
    let begun = Instant::now();
    timeout(LONG, control.finished()).await.expect("it ends").unwrap_err();
    assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_once_leaves_no_lease_behind() {
    let store = MemoryCheckpoints::new();
    let first = AtomicBool::new(true);
    let sick = Sick::new(&store, Illness::Fails(ErrorKind::Throttled), move |verb, _| {
        verb == Verb::Release && first.swap(false, Ordering::SeqCst)
    });
    let source = filled(1, 3).source_with(config(&sick)).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    assert!(row(&store, shard(0)).await.owner.is_some());
    drop(source);
    timeout(LONG, control.finished()).await.expect("it ends").unwrap();
    assert_eq!(row(&store, shard(0)).await.owner, None);
}

#[tokio::test(start_paused = true)]
async fn a_reader_stops_once_its_stream_is_gone_though_the_store_hangs() {
    let hangs = Arc::new(AtomicBool::new(false));
    let hung = Arc::clone(&hangs);
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, move |verb, _| {
        verb == Verb::Commit && hung.load(Ordering::SeqCst)
    });
    let fetched = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetched);
    let odd = Odd::new(&filled(1, 0)).opening(move |_, _| Box::new(Endless(Arc::clone(&counted))));
    let config = SourceConfig { commit_interval: Duration::from_millis(10), ..config(&store) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    next(&mut source).await.ack();
    hangs.store(true, Ordering::SeqCst);
    next(&mut source).await.ack();
    // The coordinator is at a commit that hangs, and cannot end the reader.
    sleep(Duration::from_millis(20)).await;
    let before = fetched.load(Ordering::SeqCst);
    drop(source);
    sleep(Duration::from_millis(200)).await;
    let after = fetched.load(Ordering::SeqCst);
    assert!(after <= before + 2, "{} fetches for nobody", after - before);
}

#[tokio::test(start_paused = true)]
async fn ending_is_as_bounded_where_shards_are_many() {
    let hangs = Arc::new(AtomicBool::new(false));
    let hung = Arc::clone(&hangs);
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, move |_, _| hung.load(Ordering::SeqCst));
    let config = SourceConfig { drain_timeout: Duration::from_secs(1), ..config(&store) };
    let source = filled(200, 1).source_with(config).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    hangs.store(true, Ordering::SeqCst);
    // By then every lease wants renewal.
    sleep(Duration::from_secs(5)).await;
    drop(source);
    let begun = Instant::now();
    timeout(LONG, control.finished()).await.expect("it ends").unwrap_err();
    assert!(begun.elapsed() <= Duration::from_secs(15), "{:?}", begun.elapsed());
}
