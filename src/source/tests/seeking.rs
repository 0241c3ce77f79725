//! Pause, resume and seek, and what they do to order, acks and checkpoints.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};

use super::odd::{Idle, Odd, Singles};
use super::sick::{Illness, Sick, Verb};
use super::{LONG, ack_all, config, filled, next, number, put, read_all, shard, stored, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{OnAbandon, ReadFrom, ShardedSource, SourceConfig};
use crate::{ErrorKind, MemoryStream, Message, Position, SequenceNumber, ShardId};

fn after(n: usize) -> Position {
    Position::After { sequence: n.to_string().into(), sub_sequence: None }
}

const BEGINNING: ReadFrom = ReadFrom::Position(Position::Beginning);

/// The numbers of one shard's records.
fn of(stream: &MemoryStream, shard: &ShardId) -> Vec<usize> {
    let records = stream.records().into_iter().filter(|record| record.shard == *shard);
    records.map(|record| std::str::from_utf8(&record.payload).unwrap().parse().unwrap()).collect()
}

/// Reads two shards, pauses the first to come after its first message, and reads the other.
async fn paused_in_mid_page(
    stream: &MemoryStream,
    config: SourceConfig,
) -> (ShardedSource, ShardId, ShardId) {
    let mut source = stream.source_with(config).await.unwrap();
    let first = next(&mut source).await;
    let paused = first.origin().unwrap().shard().clone();
    first.ack();
    source.control().pause(&paused).unwrap();
    let other = if paused == shard(0) { shard(1) } else { shard(0) };
    for expected in of(stream, &other) {
        let message = next(&mut source).await;
        assert_eq!(number(&message), expected);
        message.ack();
    }
    (source, paused, other)
}

#[tokio::test(start_paused = true)]
async fn a_paused_shard_is_held_back_in_mid_page_and_the_others_go_on() {
    let stream = filled(2, 100);
    let (mut source, paused, other) = paused_in_mid_page(&stream, config(&MemoryCheckpoints::new())).await;
    let control = source.control();
    put(&stream, 100, 200);
    let late = of(&stream, &other).into_iter().filter(|&n| n >= 100);
    for expected in late {
        let message = next(&mut source).await;
        assert_eq!((message.origin().unwrap().shard(), number(&message)), (&other, expected));
        message.ack();
    }
    timeout(LONG, source.next()).await.expect_err("the rest is paused");
    let status = control.status().into_iter().find(|status| status.shard == paused).unwrap();
    assert!(status.paused);
    assert!(status.millis_behind_latest.unwrap() >= 99_000, "its lag grows: {status:?}");

    control.resume(&paused).unwrap();
    for expected in &of(&stream, &paused)[1..] {
        let message = next(&mut source).await;
        assert_eq!(number(&message), *expected, "in order, none lost");
        message.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_paused_before_it_reads_yields_nothing_until_it_is_resumed() {
    let stream = filled(3, 30);
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    control.pause_all();
    let children = stream.split(&shard(0)).unwrap();
    timeout(LONG, source.next()).await.expect_err("everything is paused");
    control.resume_all();
    let mut numbers = Vec::new();
    for _ in 0..30 {
        let message = next(&mut source).await;
        numbers.push(number(&message));
        message.ack();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    sleep(Duration::from_secs(5)).await;
    let known: Vec<_> = control.status().into_iter().map(|status| status.shard).collect();
    assert!(children.iter().all(|child| known.contains(child)));
}

#[tokio::test(start_paused = true)]
async fn a_paused_source_keeps_its_leases() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    source.control().pause_all();
    source.control().ready().await.unwrap();
    let before = super::row(&store, shard(0)).await;
    timeout(LONG, source.next()).await.unwrap_err();
    let row = super::row(&store, shard(0)).await;
    assert_eq!(row.token, before.token);
    assert!(row.version > before.version && row.owner.is_some());
}

#[tokio::test(start_paused = true)]
async fn pausing_a_shard_that_is_none_is_an_error_that_names_it() {
    let source = filled(1, 1).source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let unknown = ShardId::from("shardId-000000000009");
    let error = source.control().pause(&unknown).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("shardId-000000000009"), "{error}");
    let seek = source.control().seek(&unknown, BEGINNING).await.unwrap_err();
    assert_eq!(seek.kind(), ErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn acks_and_abandons_from_before_a_seek_have_no_effect() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    let old: Vec<_> = (&mut source).take(5).try_collect().await.unwrap();
    control.seek(&shard(0), ReadFrom::Position(after(2))).await.unwrap();
    let mut old = old.into_iter();
    drop(old.next());
    old.for_each(Message::ack);
    let again = next(&mut source).await;
    assert_eq!(number(&again), 2, "the seek took place, and nothing from before is handed out");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stored(&store, shard(0)).await, Position::Beginning, "old acks move nothing");
    again.ack();
    for n in 3..10 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
    }
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stored(&store, shard(0)).await, after(10));
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_never_moves_backwards_for_a_seek_back() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    for _ in 0..6 {
        next(&mut source).await.ack();
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(stored(&store, shard(0)).await, after(6));
    control.seek(&shard(0), BEGINNING).await.unwrap();
    for n in 0..3 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
    }
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stored(&store, shard(0)).await, after(6));
    for _ in 3..8 {
        next(&mut source).await.ack();
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(stored(&store, shard(0)).await, after(8));
    drop(source);
    control.finished().await.unwrap();
    assert_eq!(read_all(&stream, until_tip(&store)).await, [8, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_message_dropped_after_a_seek_back_is_redelivered_from_there() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&store) };
    let mut source = stream.source_with(config).await.unwrap();
    for _ in 0..6 {
        next(&mut source).await.ack();
    }
    sleep(Duration::from_secs(2)).await;
    source.control().seek(&shard(0), BEGINNING).await.unwrap();
    drop(next(&mut source).await);
    let mut held = vec![next(&mut source).await];
    while held.last().is_some_and(|message| number(message) != 0) {
        held.push(next(&mut source).await); // not from the stored checkpoint
    }
    held.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn a_seek_forward_passes_over_what_lies_between() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    let eighth = SequenceNumber::from("8");
    control.seek(&shard(0), ReadFrom::Sequence(eighth)).await.unwrap();
    for n in 7..10 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
    }
    drop(source);
    control.finished().await.unwrap();
    assert_eq!(stored(&store, shard(0)).await, after(10));
}

#[tokio::test(start_paused = true)]
async fn every_shard_seeks_to_a_time_or_the_latest_record() {
    let stream = filled(3, 30);
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    control.seek_all(Position::Latest).await.unwrap();
    assert!(source.next().now_or_never().is_none(), "nothing is new");
    control.seek_all(Position::Beginning).await.unwrap();
    let mut numbers: Vec<_> = (&mut source)
        .take(30)
        .map_ok(|message| (number(&message), message.ack()).0)
        .try_collect()
        .await
        .unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    let error = control.seek_all(after(3)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = control.seek_all(Position::End).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_seek_after_the_end_is_an_error() {
    let source = filled(1, 1).source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    ack_all(source).await;
    control.finished().await.unwrap();
    let error = timeout(LONG, control.seek(&shard(0), BEGINNING)).await.expect("it answers").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_paused_shard_that_were_not_handed_out_keep_the_others_from_nothing() {
    let stream = filled(2, 100);
    let narrow = SourceConfig { max_in_flight: 10, ..config(&MemoryCheckpoints::new()) };
    let (mut source, paused, _) = paused_in_mid_page(&stream, narrow).await;
    let control = source.control();
    control.resume(&paused).unwrap();
    for expected in &of(&stream, &paused)[1..] {
        let message = next(&mut source).await;
        assert_eq!(number(&message), *expected);
        message.ack();
    }
    drop(source);
    control.finished().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_paused_shard_had_fetched_before_a_seek_takes_no_room() {
    let stream = filled(1, 100);
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    control.pause_all();
    assert!(source.next().now_or_never().is_none());
    assert!(source.budget.used() > 0, "a page was fetched");
    control.seek_all(Position::Beginning).await.unwrap();
    assert!(source.next().now_or_never().is_none());
    assert_eq!(source.budget.used(), 0);
}

#[test]
fn pausing_and_resuming_at_any_moment_keeps_the_order_of_each_shard() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stream = filled(2, 20_000);
    let odd = Odd::new(&stream).opening(|_, fetch| Singles::boxed(fetch));
    runtime.block_on(async {
        let mut source =
            ShardedSource::connect(Arc::new(odd), config(&MemoryCheckpoints::new())).await.unwrap();
        let control = source.control();
        control.ready().await.unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let toggling = std::thread::spawn({
            let (control, over) = (control.clone(), Arc::clone(&over));
            move || {
                while !over.load(Ordering::SeqCst) {
                    control.pause_all();
                    std::thread::yield_now();
                    control.resume_all();
                    std::thread::yield_now();
                }
            }
        });
        let mut last: HashMap<ShardId, usize> = HashMap::new();
        for _ in 0..20_000 {
            let message = source.try_next().await.unwrap().unwrap();
            let before = last.insert(message.origin().unwrap().shard().clone(), number(&message));
            assert!(
                before.is_none_or(|before| before < number(&message)),
                "{before:?}, {}",
                number(&message)
            );
            message.ack();
        }
        over.store(true, Ordering::SeqCst);
        toggling.join().unwrap();
    });
}

#[tokio::test(start_paused = true)]
async fn a_seek_back_after_the_end_was_stored_and_the_answer_lost_is_no_conflict() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    stream.split(&shard(0)).unwrap();
    let ill = Arc::new(AtomicBool::new(true));
    let is_ill = Arc::clone(&ill);
    let sick = Sick::new(&store, Illness::LosesTheAnswer, move |verb, _| {
        verb == Verb::Commit && is_ill.load(Ordering::SeqCst)
    });
    let mut source = stream.source_with(config(&sick)).await.unwrap();
    let control = source.control();
    for _ in 0..10 {
        next(&mut source).await.ack();
    }
    assert!(source.next().now_or_never().is_none());
    while stored(&store, shard(0)).await != Position::End {
        tokio::task::yield_now().await;
    }
    control.seek(&shard(0), BEGINNING).await.unwrap();
    ill.store(false, Ordering::SeqCst);
    for n in 0..10 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
        sleep(Duration::from_secs(2)).await;
    }
    drop(source);
    control.finished().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seek_that_comes_when_all_was_read_is_an_error() {
    let mut source = filled(1, 3).source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let held: Vec<_> = (&mut source).take(3).try_collect().await.unwrap();
    assert!(timeout(LONG, control.caught_up()).now_or_never().is_none());
    assert!(source.next().now_or_never().is_none());
    sleep(Duration::from_secs(3)).await;
    let error = timeout(LONG, control.seek(&shard(0), BEGINNING)).await.expect("it answers").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(source.next().await.is_none());
    held.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn a_seek_is_answered_while_the_store_hangs_and_while_the_source_ends() {
    let (stream, ill) = (filled(1, 10), Arc::new(AtomicBool::new(false)));
    let is_ill = Arc::clone(&ill);
    let sick =
        Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, move |_, _| is_ill.load(Ordering::SeqCst));
    let mut source = stream.source_with(config(&sick)).await.unwrap();
    let control = source.control();
    let first = next(&mut source).await;
    ill.store(true, Ordering::SeqCst);
    sleep(Duration::from_secs(20)).await;
    timeout(Duration::from_secs(20), control.seek(&shard(0), BEGINNING)).await.expect("an answer").unwrap();
    timeout(Duration::from_secs(20), source.next()).await.expect_err("the lease may be another's by now");
    ill.store(false, Ordering::SeqCst);
    let second = next(&mut source).await;
    assert_eq!(number(&second), 0);
    control.stop();
    sleep(Duration::from_secs(10)).await;
    let late = timeout(Duration::from_secs(1), control.seek(&shard(0), BEGINNING)).await;
    assert_eq!(late.expect("an answer").unwrap_err().kind(), ErrorKind::Closed);
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn the_lag_of_a_paused_shard_grows_though_nothing_of_it_was_fetched() {
    let stream = filled(1, 0);
    let odd = Odd::new(&stream).opening(|_, _| Box::new(Idle));
    let source = ShardedSource::connect(Arc::new(odd), config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(control.status()[0].millis_behind_latest, Some(0));
    control.pause_all();
    sleep(Duration::from_secs(100)).await;
    assert!(control.status()[0].millis_behind_latest.unwrap() >= 98_000, "{:?}", control.status());
}
