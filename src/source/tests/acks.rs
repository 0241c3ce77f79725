//! What an ack, a message dropped without one, and a failed stage do to the checkpoint.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};

use super::sick::{Illness, Sick, Verb};
use super::{LONG, claim, config, filled, next, number, put, read_all, shard, stored, until_tip};
use crate::checkpoint::{CheckpointStore, Claim, MemoryCheckpoints};
use crate::source::{OnAbandon, SourceConfig};
use crate::{Error, ErrorKind, Message, Position};

#[tokio::test(start_paused = true)]
async fn the_checkpoint_is_the_longest_acked_prefix() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(until_tip(&store)).await.unwrap();
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
    assert_eq!(stored(&store, shard(0)).await, four);
    assert_eq!(read_all(&stream, until_tip(&store)).await, (4..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_message_dropped_without_an_ack_ends_the_source_with_an_error_that_names_it() {
    let stream = filled(1, 10);
    let mut source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
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
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..until_tip(&MemoryCheckpoints::new()) };
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
async fn a_message_dropped_from_a_lease_at_latest_is_redelivered() {
    let (stream, store) = (filled(1, 3), MemoryCheckpoints::new());
    // Only the KCL writes such a row.
    let latest = Claim { initial: Position::Latest.into(), ..claim("kcl", shard(0)) };
    let lease = store.claim(&latest).await.unwrap().unwrap();
    store.release(&lease, None).await.unwrap();
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&store) };
    let mut source = stream.source_with(config).await.unwrap();
    source.control().ready().await.unwrap();
    put(&stream, 3, 4);
    let message = next(&mut source).await;
    assert_eq!(number(&message), 3);
    drop(message);
    let again = next(&mut source).await;
    assert_eq!(number(&again), 3);
    again.ack();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_commit_is_no_conflict_for_a_redelivery() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let first = AtomicBool::new(true);
    let sick = Sick::new(&store, Illness::LosesTheAnswer, move |verb, _| {
        verb == Verb::Commit && first.swap(false, Ordering::SeqCst)
    });
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&sick) };
    let mut source = stream.source_with(config).await.unwrap();
    next(&mut source).await.ack();
    let second = next(&mut source).await;
    let committed = async {
        while stored(&store, shard(0)).await == Position::Beginning {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, committed).await.unwrap();
    drop(second);
    let mut held = Vec::new();
    while let Ok(message) = timeout(Duration::from_secs(30), source.try_next()).await {
        held.push(message.unwrap().expect("the stream goes on"));
    }
    let mut numbers: Vec<_> = held.iter().map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..10).collect::<Vec<_>>());
    held.into_iter().for_each(Message::ack);
}

#[tokio::test(start_paused = true)]
async fn a_failed_map_never_moves_the_checkpoint_past_it() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let source = stream.source_with(until_tip(&store)).await.unwrap();
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
    let again = read_all(&stream, until_tip(&store)).await;
    assert!(again.ends_with(&[6, 7, 8, 9]) && again.len() <= 5, "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_tee_is_acked_when_both_branches_are() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let source = stream.source_with(until_tip(&store)).await.unwrap();
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

#[tokio::test(start_paused = true)]
async fn what_was_acked_before_a_redelivery_or_a_seek_is_stored() {
    for seeks in [false, true] {
        let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
        let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..config(&store) };
        let mut source = stream.source_with(config).await.unwrap();
        let control = source.control();
        for _ in 0..4 {
            next(&mut source).await.ack();
        }
        if seeks {
            control.seek_all(Position::Beginning).await.unwrap();
        } else {
            drop(next(&mut source).await);
        }
        sleep(Duration::from_millis(10)).await;
        drop(source);
        control.finished().await.unwrap();
        let four = Position::After { sequence: "4".into(), sub_sequence: None };
        assert_eq!(stored(&store, shard(0)).await, four);
    }
}
