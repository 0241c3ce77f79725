//! What waits for what, and what must not.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::chunked::Chunked;
use super::odd::{Odd, Pushing, Singles, Throttled, Unlisted};
use super::{LONG, config, filled, next, number, put, row, shard, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{ShardState, ShardedSource, SourceConfig};
use crate::{MemoryStream, Message, ShardId};

/// A budget that one page takes up.
const LARGEST_PAGE: usize = 1 << 20;

fn narrow() -> SourceConfig {
    SourceConfig { buffer_bytes: LARGEST_PAGE, ..config(&MemoryCheckpoints::new()) }
}

#[tokio::test(start_paused = true)]
async fn messages_out_are_bounded() {
    let stream = filled(1, 51);
    let config = SourceConfig { max_in_flight: 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let held: Vec<_> = (&mut source).take(51).try_collect().await.unwrap();
    put(&stream, 51, 52);
    timeout(LONG, source.next()).await.expect_err("the next page waits for acks");
    held.into_iter().for_each(Message::ack);
    let late = next(&mut source).await;
    assert_eq!(number(&late), 51);
    late.ack();
}

#[tokio::test(start_paused = true)]
async fn as_many_messages_out_as_may_be_do_not_keep_the_stream_from_its_end() {
    let config = SourceConfig { max_in_flight: 10, ..until_tip(&MemoryCheckpoints::new()) };
    let source = filled(1, 10).source_with(config).await.unwrap();
    let all: Vec<_> = timeout(LONG, source.try_collect()).await.expect("it ends").unwrap();
    assert_eq!(all.len(), 10);
    all.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_keeps_no_budget_from_an_active_one() {
    let stream = MemoryStream::new("orders", 2);
    let mut source = ShardedSource::connect(Arc::new(stream.clone()), narrow()).await.unwrap();
    let keys: HashMap<ShardId, String> =
        (0..20).map(|n| (stream.put(n.to_string(), "0").shard, n.to_string())).collect();
    assert_eq!(keys.len(), 2, "each shard has had records");
    for _ in 0..20 {
        next(&mut source).await.ack();
    }
    for key in keys.values().chain(keys.values()).flat_map(|key| [key, key]) {
        sleep(Duration::from_secs(1)).await;
        stream.put(key.as_str(), "1");
        next(&mut source).await.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_shard_keeps_no_budget_from_the_others() {
    let stream = filled(2, 100);
    let healthy: Vec<_> = stream.records().into_iter().filter(|record| record.shard == shard(1)).collect();
    let odd =
        Odd::new(&stream).opening(|of, fetch| if *of == shard(0) { Box::new(Throttled) } else { fetch });
    let mut source = ShardedSource::connect(Arc::new(odd), narrow()).await.unwrap();
    for _ in &healthy {
        next(&mut source).await.ack();
    }
    // By then the throttled shard backs off for several seconds at a time.
    sleep(Duration::from_mins(1)).await;
    let begun = Instant::now();
    for _ in 0..10 {
        stream.put(healthy[0].key.clone(), "late");
        next(&mut source).await.ack();
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "waited for a back-off: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_hangs_holds_up_no_lease_and_no_end() {
    let store = MemoryCheckpoints::new();
    let odd = Odd::new(&filled(1, 1)).listing(|n| (n > 0).then_some(Unlisted::Hangs));
    let config = SourceConfig { refresh_interval: Duration::from_secs(1), ..config(&store) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let control = source.control();
    next(&mut source).await.ack();
    sleep(Duration::from_secs(5)).await;
    let before = row(&store, shard(0)).await.version;
    sleep(Duration::from_secs(20)).await;
    let after = row(&store, shard(0)).await.version;
    assert!(after > before, "the lease is renewed");
    drop(source);
    timeout(LONG * 10, control.finished()).await.expect("it ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn ready_waits_for_no_consumer() {
    let stream = MemoryStream::new("orders", 2);
    for n in 0..20 {
        stream.put(n.to_string(), vec![0; 1 << 10]);
    }
    let config = SourceConfig { buffer_bytes: 4 << 10, ..config(&MemoryCheckpoints::new()) };
    let source = ShardedSource::connect(Arc::new(stream), config).await.unwrap();
    timeout(LONG, source.control().ready()).await.expect("no stall").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_stalls_for_a_minute_loses_nothing() {
    let stream = MemoryStream::new("orders", 4);
    let config = SourceConfig { buffer_bytes: 64 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    for n in 0..600 {
        stream.put(format!("key-{n}"), format!("{n:01000}"));
        sleep(Duration::from_millis(100)).await;
        assert!(source.budget.used() <= 64 << 10, "{}", source.budget.used());
    }
    let behind = control.status().iter().filter_map(|status| status.millis_behind_latest).max();
    assert!(behind.unwrap() > 30_000, "the lag is told: {behind:?}");
    let mut numbers = Vec::new();
    for _ in 0..600 {
        let message = next(&mut source).await;
        numbers.push(number(&message));
        message.ack();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..600).collect::<Vec<_>>());
    sleep(Duration::from_secs(2)).await;
    assert!(source.next().now_or_never().is_none());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(source.budget.used(), 0);
    assert!(control.status().iter().all(|status| status.millis_behind_latest == Some(0)));
}

#[tokio::test(start_paused = true)]
async fn payloads_count_until_they_are_dropped_and_who_keeps_them_all_still_gets_them_all() {
    let stream = MemoryStream::new("orders", 2);
    let config = SourceConfig { buffer_bytes: 16 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let mut payloads = Vec::new();
    for n in 0..100 {
        stream.put(format!("key-{n}"), vec![7; 1_000]);
        let (payload, _, _, _, ack) = next(&mut source).await.into_parts();
        ack.ack();
        payloads.push(payload);
    }
    assert!(source.budget.used() >= 100_000, "they are held: {}", source.budget.used());
    stream.put("key", vec![7; 1_000]);
    sleep(Duration::from_secs(10)).await;
    let held = source.budget.used();
    stream.put("key", vec![7; 1_000]);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(source.budget.used(), held, "nothing more is fetched for a consumer that does not ask");
    drop(payloads);
    assert!(source.budget.used() < 16 << 10);
}

#[tokio::test(start_paused = true)]
async fn chunks_count_until_their_last_payload_is_dropped_and_who_keeps_one_of_each_still_gets_them_all() {
    let stream = MemoryStream::new("orders", 1);
    for _ in 0..100 {
        stream.put("key", vec![7; 4_000]);
    }
    let odd = Odd::new(&stream).opening(|_, fetch| Chunked::boxed(Singles::boxed(fetch)));
    let config = SourceConfig { buffer_bytes: 16 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let mut parts = Vec::new();
    for _ in 0..100 {
        let (payload, _, _, _, ack) = next(&mut source).await.into_parts();
        ack.ack();
        parts.push(payload.slice(..1));
    }
    assert!(source.budget.used() >= 400_000, "a byte of each holds all of it: {}", source.budget.used());
    stream.put("key", vec![7; 4_000]);
    sleep(Duration::from_secs(10)).await;
    let held = source.budget.used();
    stream.put("key", vec![7; 4_000]);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(source.budget.used(), held, "nothing more is fetched for a consumer that does not ask");
    drop(parts);
    assert!(source.budget.used() < 16 << 10);
}

#[tokio::test(start_paused = true)]
async fn chunks_of_a_consumer_that_stalls_stay_within_the_budget() {
    let stream = filled(4, 0);
    let odd = Odd::new(&stream).opening(|_, fetch| Chunked::boxed(fetch));
    let config = SourceConfig { buffer_bytes: 64 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    for n in 0..300 {
        stream.put(format!("key-{n}"), format!("{n:01000}"));
        sleep(Duration::from_millis(100)).await;
        assert!(source.budget.used() <= 64 << 10, "{}", source.budget.used());
    }
    let mut numbers = Vec::new();
    for _ in 0..300 {
        let message = next(&mut source).await;
        numbers.push(number(&message));
        message.ack();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    sleep(Duration::from_secs(2)).await;
    assert!(source.next().now_or_never().is_none());
    assert_eq!(source.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_arrives_while_there_is_no_room_is_let_go_and_comes_again() {
    let stream = filled(1, 300);
    let parked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&parked);
    let odd = Odd::new(&stream).opening(move |_, fetch| Pushing::boxed(fetch, &counter));
    let config = SourceConfig { buffer_bytes: 4 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    for n in 0..300 {
        if n % 100 == 0 {
            sleep(Duration::from_mins(1)).await;
            assert!(source.budget.used() <= 8 << 10, "{}", source.budget.used());
        }
        let message = next(&mut source).await;
        assert_eq!(number(&message), n, "in order, once");
        message.ack();
    }
    assert!(parked.load(Ordering::SeqCst) >= 3, "it was parked while the consumer stalled");
}

#[tokio::test(start_paused = true)]
async fn a_worker_reads_as_many_shards_as_it_may() {
    let stream = filled(5, 100);
    let store = MemoryCheckpoints::new();
    let of =
        |worker: &str| SourceConfig { max_shards: 3, worker: crate::WorkerId::new(worker), ..config(&store) };
    let first = stream.source_with(of("first")).await.unwrap();
    first.control().ready().await.unwrap();
    let second = stream.source_with(of("second")).await.unwrap();
    second.control().ready().await.unwrap();
    let reading = |source: &ShardedSource| {
        let status = source.control().status();
        status.iter().filter(|status| status.state == ShardState::Reading).count()
    };
    assert_eq!((reading(&first), reading(&second)), (3, 2));
    drop(first);
    sleep(Duration::from_mins(3)).await;
    assert_eq!(reading(&second), 3);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_waited_once_and_then_stalls_is_sent_no_more_than_the_budget() {
    let stream = MemoryStream::new("orders", 1);
    let odd = Odd::new(&stream).opening(|_, fetch| Singles::boxed(fetch));
    let config = SourceConfig { buffer_bytes: 8 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    source.control().ready().await.unwrap();
    timeout(Duration::from_secs(5), source.next()).await.expect_err("the stream is empty");
    for _ in 0..60 {
        stream.put("key", vec![7; 1_000]);
    }
    sleep(Duration::from_mins(1)).await;
    assert!(source.budget.used() <= 16 << 10, "{}", source.budget.used());
    for _ in 0..60 {
        next(&mut source).await.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn who_keeps_every_payload_that_is_pushed_still_gets_them_all() {
    let stream = MemoryStream::new("orders", 1);
    for _ in 0..100 {
        stream.put("key", vec![7; 1_000]);
    }
    let parked = Arc::new(AtomicUsize::new(0));
    let odd = Odd::new(&stream).opening(move |_, fetch| Pushing::boxed(fetch, &parked));
    let config = SourceConfig { buffer_bytes: 8 << 10, ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let mut payloads = Vec::new();
    for _ in 0..100 {
        let (payload, _, _, _, ack) = next(&mut source).await.into_parts();
        ack.ack();
        payloads.push(payload);
    }
}
