//! The promises of a source, on the in-process stream.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio::time::timeout;

use crate::checkpoint::{Application, CheckpointStore, Claim, MemoryCheckpoints, WorkerId};
use crate::source::{OnAbandon, ShardState, SourceConfig, Start, Until};
use crate::{Error, ErrorKind, MemoryStream, Message, Position, ShardId};

/// Longer than anything that is going to happen, in paused time.
const LONG: Duration = Duration::from_secs(100);

fn config(store: &MemoryCheckpoints) -> SourceConfig {
    SourceConfig { checkpoints: Arc::new(store.clone()), until: Until::Tip, ..SourceConfig::default() }
}

fn filled(shards: usize, records: usize) -> MemoryStream {
    let stream = MemoryStream::new("orders", shards);
    for n in 0..records {
        stream.put(format!("key-{}", n % 7), n.to_string());
    }
    stream
}

fn number(message: &Message<Bytes>) -> usize {
    std::str::from_utf8(message.payload()).unwrap().parse().unwrap()
}

/// Reads to the tip, acks everything, and returns the numbers in the order of arrival.
async fn read_all(stream: &MemoryStream, config: SourceConfig) -> Vec<usize> {
    let source = stream.source_with(config).await.unwrap();
    let control = source.control();
    let numbers = source.map_ok(|message| (number(&message), message.ack()).0).try_collect().await.unwrap();
    control.finished().await.unwrap();
    numbers
}

async fn stored(store: &MemoryCheckpoints) -> HashMap<ShardId, Position> {
    let rows = store.list(&Application::new("headwater", "orders")).await.unwrap();
    rows.into_iter().map(|row| (row.shard, row.checkpoint.position)).collect()
}

#[tokio::test(start_paused = true)]
async fn every_record_of_every_shard_arrives_once_and_in_the_order_of_its_shard() {
    let stream = filled(4, 1_000);
    let source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let mut last: HashMap<ShardId, usize> = HashMap::new();
    let mut count = 0;
    let mut source = std::pin::pin!(source);
    while let Some(message) = source.try_next().await.unwrap() {
        let number = number(&message);
        let before = last.insert(message.origin().unwrap().shard().clone(), number);
        assert!(before.is_none_or(|before| before < number));
        message.ack();
        count += 1;
    }
    assert_eq!(count, 1_000);
}

#[tokio::test(start_paused = true)]
async fn resuming_repeats_no_acked_record() {
    let (stream, store) = (filled(3, 300), MemoryCheckpoints::new());
    assert_eq!(read_all(&stream, config(&store)).await.len(), 300);
    for n in 300..310 {
        stream.put(n.to_string(), n.to_string());
    }
    let mut second = read_all(&stream, config(&store)).await;
    second.sort_unstable();
    assert_eq!(second, (300..310).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_checkpoint_is_the_longest_acked_prefix() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    let mut held = Vec::new();
    for n in 0..10 {
        let message = source.try_next().await.unwrap().unwrap();
        if n == 4 { held.push(message) } else { message.ack() }
    }
    drop(source);
    held.clear();
    let error = control.finished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Abandoned);
    let four = Position::After { sequence: "4".into(), sub_sequence: None };
    assert_eq!(stored(&store).await[&"shardId-000000000000".into()], four);
    assert_eq!(read_all(&stream, config(&store)).await, (4..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_message_dropped_without_an_ack_ends_the_source_with_an_error_that_names_it() {
    let stream = filled(1, 10);
    let config = SourceConfig { until: Until::Forever, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    source.try_next().await.unwrap().unwrap().ack();
    drop(source.try_next().await.unwrap());
    // The rest is held, so that nothing but the report can end the stream.
    let mut held = Vec::new();
    let error = loop {
        match timeout(LONG, source.next()).await.expect("the report comes") {
            Some(Ok(message)) => held.push(message),
            Some(Err(error)) => break error,
            None => panic!("the stream ended without a word"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Abandoned);
    assert!(error.to_string().contains("shardId-000000000000 at sequence 2"), "{error}");
    assert!(source.next().await.is_none());
    held.into_iter().for_each(Message::ack);
    assert_eq!(control.finished().await.unwrap_err().kind(), ErrorKind::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_message_is_redelivered_where_the_user_asked_for_it() {
    let stream = filled(1, 10);
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    let (mut seen, mut dropped) = (Vec::new(), false);
    while let Some(message) = timeout(LONG, source.try_next()).await.unwrap().unwrap() {
        if number(&message) == 3 && !dropped {
            dropped = true;
            continue;
        }
        seen.push(number(&message));
        message.ack();
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
    control.finished().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_map_never_moves_the_checkpoint_past_it() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    let sink = futures::sink::unfold((), |(), message: Message<usize>| async {
        message.ack();
        Ok::<_, Error>(())
    });
    let fails_at_six = |bytes: Bytes| match std::str::from_utf8(&bytes).unwrap().parse::<usize>() {
        Ok(6) => Err("six"),
        parsed => parsed.map_err(|_| "no number"),
    };
    let forwarded = source.map(|message| message?.try_map(fails_at_six)).forward(sink).await;
    let error = forwarded.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stage);
    assert!(error.to_string().contains("shardId-000000000000 at sequence 7: six"), "{error}");
    control.finished().await.unwrap_err();
    // `forward` may drop one more that the sink had not finished with; none after the sixth is passed over.
    let again = read_all(&stream, config(&store)).await;
    assert!(again.ends_with(&[6, 7, 8, 9]) && again.len() <= 5, "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn children_are_read_after_both_parents_are_acked_and_from_their_beginning() {
    let (stream, store) = (MemoryStream::new("orders", 1), MemoryCheckpoints::new());
    let config = SourceConfig { start: Start::Latest, ..config(&store) };
    let source = stream.source_with(SourceConfig { until: Until::Forever, ..config.clone() }).await.unwrap();
    source.control().ready().await.unwrap();
    let control = source.control();

    let put =
        |from: usize, to: usize| (from..to).for_each(|n| drop(stream.put(n.to_string(), n.to_string())));
    put(0, 10);
    let [low, high] = stream.split(&"shardId-000000000000".into()).unwrap();
    put(10, 30);
    let merged = stream.merge(&low, &high).unwrap();
    put(30, 40);

    let numbers: Vec<_> =
        source.take(40).map_ok(|message| (number(&message), message.ack()).0).try_collect().await.unwrap();
    let (first, rest) = numbers.split_at(10);
    assert_eq!(first, (0..10).collect::<Vec<_>>());
    let (middle, last) = rest.split_at(20);
    assert!(middle.iter().all(|n| (10..30).contains(n)), "{middle:?}");
    assert_eq!(last, (30..40).collect::<Vec<_>>());
    control.finished().await.unwrap();
    let stored = stored(&store).await;
    assert_eq!(stored[&low], Position::End, "a finished shard is stored as finished");
    assert_eq!(stored[&high], Position::End);
    assert!(matches!(stored[&merged], Position::After { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_not_opened_while_a_message_of_its_parent_is_out() {
    let stream = filled(1, 3);
    stream.split(&"shardId-000000000000".into()).unwrap();
    stream.put("a", "3");
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let parents: Vec<_> = (&mut source).take(3).try_collect().await.unwrap();
    timeout(LONG, source.next()).await.expect_err("the child waits");
    let waiting = control.status().into_iter().filter(|s| s.state == ShardState::WaitingForParents).count();
    assert_eq!(waiting, 2);
    parents.into_iter().for_each(Message::ack);
    let child = source.try_next().await.unwrap().unwrap();
    assert_eq!(number(&child), 3);
    child.ack();
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_restart_at_latest_does_not_jump_over_what_came_in_between() {
    let (stream, store) = (filled(2, 10), MemoryCheckpoints::new());
    tokio::time::advance(Duration::from_secs(1)).await;
    let latest = SourceConfig { start: Start::Latest, ..config(&store) };
    assert!(read_all(&stream, latest.clone()).await.is_empty(), "nothing new yet");
    for n in 10..20 {
        stream.put(n.to_string(), n.to_string());
    }
    let mut numbers = read_all(&stream, latest).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (10..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_start_sequence_is_read_inclusively() {
    let stream = filled(1, 10);
    let start_shards = HashMap::from([("shardId-000000000000".into(), "8".into())]);
    let config = SourceConfig { start_shards, ..config(&MemoryCheckpoints::new()) };
    assert_eq!(read_all(&stream, config).await, [7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_survives_any_single_failed_call() {
    let stream = filled(2, 100);
    for kind in [ErrorKind::Unavailable, ErrorKind::Throttled, ErrorKind::Timeout] {
        stream.faults().fail_fetches(3, kind);
        assert_eq!(read_all(&stream, config(&MemoryCheckpoints::new())).await.len(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_ends_the_source_at_once() {
    let stream = filled(1, 1);
    stream.faults().fail_fetches(1, ErrorKind::AccessDenied);
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(source.next().await.is_none());
    assert_eq!(control.finished().await.unwrap_err().kind(), ErrorKind::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn an_outage_beyond_its_limit_is_an_error() {
    let stream = filled(1, 1);
    stream.faults().fail_fetches(u32::MAX, ErrorKind::Unavailable);
    let config = SourceConfig { outage_limit: Duration::from_secs(30), ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_ten_seconds_costs_nothing_but_ten_seconds() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let source = stream.source_with(SourceConfig { until: Until::Forever, ..config(&store) }).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    store.outage(true);
    let numbers: Vec<_> = source.take(100).map_ok(Message::ack).try_collect::<Vec<()>>().await.unwrap();
    assert_eq!(numbers.len(), 100);
    let back = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        store.outage(false);
    };
    let (finished, ()) = tokio::join!(control.finished(), back);
    finished.unwrap();
    assert!(read_all(&stream, config(&store)).await.is_empty(), "the last checkpoint is stored");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_died_is_replaced_once_its_lease_has_expired() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let dead = Claim {
        application: Application::new("headwater", "orders"),
        shard: "shardId-000000000000".into(),
        worker: WorkerId::new("dead"),
        expired: None,
        initial: Position::Beginning.into(),
    };
    store.claim(&dead).await.unwrap().unwrap();
    let begun = tokio::time::Instant::now();
    let numbers = timeout(LONG, read_all(&stream, config(&store))).await.unwrap();
    assert_eq!(numbers.len(), 10);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(10), "taken over a lease that might live: {waited:?}");
    assert!(waited <= Duration::from_secs(20), "twice the lease time is too long: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_stalls_for_a_minute_loses_nothing_and_keeps_its_leases() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    source.try_next().await.unwrap().unwrap().ack();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let before = store.list(&Application::new("headwater", "orders")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = store.list(&Application::new("headwater", "orders")).await.unwrap();
    assert!(before.iter().zip(&after).all(|(b, a)| a.version > b.version && a.token == b.token));
    let rest = source.map_ok(Message::ack).try_collect::<Vec<()>>().await.unwrap();
    assert_eq!(rest.len(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_stops_and_its_acks_move_nothing() {
    let (stream, store) = (filled(1, 100), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let held = source.try_next().await.unwrap().unwrap();
    let application = Application::new("headwater", "orders");
    let row = store.list(&application).await.unwrap().remove(0);
    let thief = Claim {
        application: application.clone(),
        shard: row.shard.clone(),
        worker: WorkerId::new("thief"),
        expired: Some(row.version),
        initial: Position::Beginning.into(),
    };
    let lease = store.claim(&thief).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    held.ack();
    timeout(Duration::from_secs(1), source.next()).await.expect_err("nothing more comes of that shard");
    let row = store.list(&application).await.unwrap().remove(0);
    assert_eq!(row.owner, Some(WorkerId::new("thief")));
    assert_eq!(row.checkpoint, lease.checkpoint);
}

#[tokio::test(start_paused = true)]
async fn ending_is_bounded_and_names_the_shards_with_unacked_messages() {
    let stream = filled(1, 2);
    let config = SourceConfig { drain_timeout: Duration::from_secs(5), ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    let held = source.try_next().await.unwrap().unwrap();
    drop(source);
    let error = timeout(LONG, control.finished()).await.expect("it is bounded").unwrap_err();
    assert!(error.to_string().contains("shardId-000000000000: 1 messages not acked"), "{error}");
    held.ack();
}

#[tokio::test(start_paused = true)]
async fn messages_out_are_bounded() {
    let stream = filled(1, 50);
    stream.put("more", "50");
    let config =
        SourceConfig { max_in_flight: 10, until: Until::Forever, ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let held: Vec<_> = (&mut source).take(51).try_collect().await.unwrap();
    stream.put("late", "51");
    timeout(LONG, source.next()).await.expect_err("the next page waits for acks");
    held.into_iter().for_each(Message::ack);
    let late = timeout(LONG, source.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(number(&late), 51);
    late.ack();
}

#[tokio::test(start_paused = true)]
async fn a_tee_is_acked_when_both_branches_are() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    let (left_tx, left_rx) = futures::channel::mpsc::channel::<Message<Bytes>>(100);
    let (right_tx, right_rx) = futures::channel::mpsc::channel::<Message<Bytes>>(100);
    let closed = |error| Error::new(ErrorKind::Closed, "branch").caused_by(error);
    let fanout = left_tx.sink_map_err(closed).fanout(right_tx.sink_map_err(closed));
    source.forward(fanout).await.unwrap();
    left_rx.for_each(|message| async { message.ack() }).await;
    let right: Vec<_> = right_rx.collect().await;
    let mut finished = std::pin::pin!(control.finished());
    timeout(Duration::from_secs(30), &mut finished).await.expect_err("one branch still owes");
    right.into_iter().for_each(Message::ack);
    finished.await.unwrap();
}

#[tokio::test]
async fn a_setting_out_of_range_is_named() {
    let config = SourceConfig { lease_time: Duration::ZERO, ..SourceConfig::default() };
    let error = MemoryStream::new("orders", 1).source_with(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("lease_time"), "{error}");
}
