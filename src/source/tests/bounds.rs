//! Where reading ends by itself, and where a back-fill becomes a live tail.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::odd::{Dated, Odd, Singles};
use super::{LONG, config, filled, next, number, put, read_all, shard, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{ShardedSource, SourceConfig, Until};
use crate::{Message, Result};

/// Long enough for the wall clock, which stamps the records of a memory stream, to have moved on.
fn let_the_wall_clock_tick() {
    let begun = SystemTime::now();
    while SystemTime::now().duration_since(begun).unwrap_or_default() < Duration::from_millis(2) {}
}

#[tokio::test(start_paused = true)]
async fn until_the_tip_ends_with_what_was_there_at_the_start_however_much_comes() {
    let stream = filled(2, 100);
    let mut source = stream.source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    let_the_wall_clock_tick();
    let (mut numbers, mut written) = (Vec::new(), 100);
    while let Some(message) = timeout(LONG, source.try_next()).await.expect("it ends").unwrap() {
        numbers.push(number(&message));
        message.ack();
        // Faster than it is read, so that no page is ever empty.
        put(&stream, written, written + 2);
        written += 2;
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn until_a_time_ends_before_the_first_record_that_came_later() {
    let stream = filled(1, 10);
    let_the_wall_clock_tick();
    let time = SystemTime::now();
    put(&stream, 10, 20);
    let config = SourceConfig { until: Until::Time(time), ..config(&MemoryCheckpoints::new()) };
    assert_eq!(read_all(&stream, config).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn until_a_time_to_come_waits_for_it_on_an_idle_stream_too() {
    let stream = filled(2, 10);
    let until = Until::Time(SystemTime::now() + Duration::from_hours(1));
    let source =
        stream.source_with(SourceConfig { until, ..config(&MemoryCheckpoints::new()) }).await.unwrap();
    let begun = tokio::time::Instant::now();
    let all: Vec<_> = timeout(Duration::from_hours(2), source.try_collect()).await.expect("it ends").unwrap();
    assert_eq!(all.len(), 10);
    assert!(begun.elapsed() >= Duration::from_mins(59), "{:?}", begun.elapsed());
    all.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn a_restart_after_a_bounded_read_goes_on_at_the_bound() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let_the_wall_clock_tick();
    let until = Until::Time(SystemTime::now());
    put(&stream, 10, 20);
    assert_eq!(read_all(&stream, SourceConfig { until, ..config(&store) }).await.len(), 10);
    assert_eq!(read_all(&stream, until_tip(&store)).await, (10..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_backfill_ends_at_the_tip_of_the_start_and_the_live_tail_has_the_rest() {
    let stream = filled(3, 300);
    let source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let_the_wall_clock_tick();
    put(&stream, 300, 600);
    let (history, live) = source.backfill();
    let history = history.map_ok(|message| (number(&message), message.ack()).0);
    let mut old: Vec<_> = timeout(LONG, history.try_collect()).await.expect("it ends").unwrap();
    old.sort_unstable();
    assert_eq!(old, (0..300).collect::<Vec<_>>());
    timeout(LONG, control.caught_up()).await.expect("it is told").unwrap();
    put(&stream, 600, 700);
    let new = live.take(400).map_ok(|message| (number(&message), message.ack()).0);
    let mut new: Vec<_> = timeout(LONG, new.try_collect()).await.expect("it goes on").unwrap();
    new.sort_unstable();
    assert_eq!(new, (300..700).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_backfill_that_is_dropped_leaves_the_rest_to_the_live_tail() {
    let stream = filled(2, 50);
    let source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let_the_wall_clock_tick();
    put(&stream, 50, 100);
    let (mut history, live) = source.backfill();
    let mut numbers = Vec::new();
    for _ in 0..20 {
        let message = history.try_next().await.unwrap().unwrap();
        numbers.push(number(&message));
        message.ack();
    }
    drop(history);
    let rest = live.take(80).map_ok(|message| (number(&message), message.ack()).0);
    numbers.extend(timeout(LONG, rest.try_collect::<Vec<_>>()).await.expect("no stall").unwrap());
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_backfill_reads_the_children_of_shards_that_were_closed_before_it() {
    let stream = filled(1, 20);
    stream.split(&shard(0)).unwrap();
    put(&stream, 20, 40);
    let (history, live) = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap().backfill();
    let history = history.map_ok(|message| (number(&message), message.ack()).0);
    let mut old: Vec<_> = timeout(LONG, history.try_collect()).await.expect("it ends").unwrap();
    old.sort_unstable();
    assert_eq!(old, (0..40).collect::<Vec<_>>());
    drop(live);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_of_an_empty_stream_ends_at_once() {
    let (history, _live) =
        filled(2, 0).source_with(config(&MemoryCheckpoints::new())).await.unwrap().backfill();
    let history: Result<Vec<_>> = timeout(LONG, history.try_collect()).await.expect("it ends");
    assert!(history.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shard_ahead_of_the_backfill_takes_no_room_from_one_behind() {
    let stream = filled(2, 0);
    for n in 0..400 {
        stream.put(format!("key-{n}"), format!("{n:01000}"));
    }
    // One shard holds only what came after the start, and would fill the budget by itself.
    let odd = Odd::new(&stream)
        .opening(|of, fetch| if *of == shard(0) { Box::new(Dated::from_now(fetch)) } else { fetch });
    let config = SourceConfig { buffer_bytes: 64 << 10, ..config(&MemoryCheckpoints::new()) };
    let source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let (history, _live) = source.backfill();
    let of_one = stream.records().iter().filter(|record| record.shard == shard(1)).count();
    let history = history.map_ok(Message::ack);
    let old: Vec<_> = timeout(LONG, history.try_collect()).await.expect("it ends").unwrap();
    assert_eq!(old.len(), of_one);
}

#[tokio::test(start_paused = true)]
async fn a_shard_whose_page_begins_at_the_tip_is_behind_by_nothing_once_it_is_read() {
    let stream = filled(1, 0);
    let source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let_the_wall_clock_tick();
    put(&stream, 0, 10);
    let (history, live) = source.backfill();
    assert!(timeout(LONG, history.try_collect::<Vec<_>>()).await.expect("it ends").unwrap().is_empty());
    let reading = tokio::spawn(live.map_ok(Message::ack).try_collect::<Vec<()>>());
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(control.status()[0].millis_behind_latest, Some(0));
    reading.abort();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_never_at_its_tip_has_caught_up_with_its_start() {
    let stream = filled(1, 10);
    let odd = Odd::new(&stream).opening(|_, fetch| Singles::boxed(fetch));
    let mut source = ShardedSource::connect(Arc::new(odd), config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let_the_wall_clock_tick();
    put(&stream, 10, 1_000);
    for _ in 0..9 {
        next(&mut source).await.ack();
    }
    timeout(LONG, control.caught_up()).await.expect_err("one is left");
    for _ in 9..12 {
        next(&mut source).await.ack();
    }
    timeout(LONG, control.caught_up()).await.expect("it has caught up").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_live_tail_until_a_time_reads_the_children_of_what_was_closed_after_the_backfill() {
    let stream = filled(1, 10);
    let until = Until::Time(SystemTime::now() + Duration::from_hours(1));
    let source =
        stream.source_with(SourceConfig { until, ..config(&MemoryCheckpoints::new()) }).await.unwrap();
    let control = source.control();
    let_the_wall_clock_tick();
    let (history, live) = source.backfill();
    let history = history.map_ok(|message| (number(&message), message.ack()).0);
    let reading = tokio::spawn(async move {
        assert_eq!(history.try_collect::<Vec<_>>().await.unwrap().len(), 10);
        live.map_ok(|message| (number(&message), message.ack()).0).try_collect::<Vec<_>>().await.unwrap()
    });
    timeout(LONG, control.caught_up()).await.expect("the back-fill does not wait for that time").unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    stream.split(&shard(0)).unwrap();
    put(&stream, 10, 40);
    let mut numbers = timeout(Duration::from_hours(2), reading).await.expect("it ends").unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, (10..40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn workers_that_share_a_stream_end_at_the_tip_of_what_each_reads() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let of = |name| SourceConfig { max_shards: 1, worker: crate::WorkerId::new(name), ..until_tip(&store) };
    let first = stream.source_with(of("first")).await.unwrap();
    first.control().ready().await.unwrap();
    let second = stream.source_with(of("second")).await.unwrap();
    second.control().ready().await.unwrap();
    let read = |source: ShardedSource| {
        source.map_ok(|message| (number(&message), message.ack()).0).try_collect::<Vec<_>>()
    };
    let both = async { tokio::join!(read(first), read(second)) };
    let (first, second) = timeout(LONG, both).await.expect("they end");
    let mut numbers = [first.unwrap(), second.unwrap()].concat();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_may_read_one_shard_at_a_time_reads_them_all_to_the_tip() {
    let stream = filled(3, 100);
    let config = SourceConfig { max_shards: 1, ..until_tip(&MemoryCheckpoints::new()) };
    let mut numbers = timeout(LONG, read_all(&stream, config)).await.expect("it ends");
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}
