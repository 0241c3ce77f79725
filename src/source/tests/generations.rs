//! Shards that were split and merged: parents before children, whoever reads them.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};

use super::odd::{Nameless, Odd, Unlisted};
use super::{LONG, ack_all, application, claim, config, filled, next, number, put, shard, stored, until_tip};
use crate::checkpoint::{CheckpointStore, MemoryCheckpoints};
use crate::source::{ShardState, ShardedSource, SourceConfig, Start};
use crate::{ErrorKind, MemoryStream, Message, Position};

#[tokio::test(start_paused = true)]
async fn children_are_read_after_both_parents_are_acked_and_from_their_beginning() {
    let (stream, store) = (MemoryStream::new("orders", 1), MemoryCheckpoints::new());
    let config = SourceConfig { start: Start::Latest, ..config(&store) };
    let source = stream.source_with(config).await.unwrap();
    source.control().ready().await.unwrap();
    let control = source.control();

    put(&stream, 0, 10);
    let [low, high] = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 30);
    let merged = stream.merge(&low, &high).unwrap();
    put(&stream, 30, 40);

    let numbers: Vec<_> =
        source.take(40).map_ok(|message| (number(&message), message.ack()).0).try_collect().await.unwrap();
    let (first, rest) = numbers.split_at(10);
    assert_eq!(first, (0..10).collect::<Vec<_>>());
    let (middle, last) = rest.split_at(20);
    assert!(middle.iter().all(|n| (10..30).contains(n)), "{middle:?}");
    assert_eq!(last, (30..40).collect::<Vec<_>>());
    control.finished().await.unwrap();
    assert_eq!(stored(&store, low).await, Position::End, "a finished shard is stored as finished");
    assert_eq!(stored(&store, high).await, Position::End);
    assert!(matches!(stored(&store, merged).await, Position::After { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_not_opened_while_a_message_of_its_parent_is_out() {
    let stream = filled(1, 3);
    stream.split(&shard(0)).unwrap();
    put(&stream, 3, 4);
    let mut source = stream.source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
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

/// Another worker holds the second shard, lives, and reads nothing. The first shard and its child are ours to read.
async fn no_merged_child_overtakes_its_other_parent(listing_lags: bool) {
    let (stream, store) = (MemoryStream::new("orders", 2), MemoryCheckpoints::new());
    let lease = store.claim(&claim("other", shard(1))).await.unwrap().unwrap();
    let beats = store.clone();
    tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(1)).await;
            beats.renew(&lease).await.unwrap();
        }
    });
    let odd = Arc::new(Odd::new(&stream));
    if listing_lags {
        odd.freeze_listing().await;
    }
    let mut source = ShardedSource::connect(odd.clone(), config(&store)).await.unwrap();
    let control = source.control();
    control.ready().await.unwrap();
    let [_, ours] = stream.split(&shard(0)).unwrap();
    let [theirs, _] = stream.split(&shard(1)).unwrap();
    put(&stream, 0, 40);
    assert!(stream.records().iter().any(|record| record.shard == theirs), "there is something to overtake");
    let merged = stream.merge(&ours, &theirs).unwrap();
    put(&stream, 40, 80);
    let mut count = 0;
    while let Ok(message) = timeout(Duration::from_secs(10), source.try_next()).await {
        let message = message.unwrap().expect("the stream goes on");
        assert_ne!(*message.origin().unwrap().shard(), merged, "{theirs} is not finished");
        message.ack();
        count += 1;
    }
    assert!(count > 0, "the children of the first shard are read");
    odd.thaw_listing();
    sleep(Duration::from_secs(5)).await;
    let status = control.status().into_iter().find(|status| status.shard == merged);
    assert_eq!(status.expect("it is not forgotten").state, ShardState::WaitingForParents);
}

#[tokio::test(start_paused = true)]
async fn a_merged_child_waits_for_a_parent_that_was_never_listed() {
    no_merged_child_overtakes_its_other_parent(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_merged_child_waits_for_a_parent_that_is_not_listed_yet() {
    no_merged_child_overtakes_its_other_parent(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stands_by_outlives_a_reshard() {
    let (stream, store) = (filled(1, 3), MemoryCheckpoints::new());
    let mut first = stream.source_with(config(&store)).await.unwrap();
    first.control().ready().await.unwrap();
    let mut second = stream.source_with(config(&store)).await.unwrap();
    stream.split(&shard(0)).unwrap();
    for _ in 0..3 {
        next(&mut first).await.ack();
    }
    let reading = tokio::spawn(ack_all(first));
    timeout(Duration::from_secs(30), second.next()).await.expect_err("there is nothing for the second");
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    put(&stream, 3, 4);
    next(&mut second).await.ack();
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_when_a_shard_ends_does_not_end_the_stream() {
    let stream = filled(1, 3);
    // The children are in no page and not in the first listing, and the next ones fail.
    let odd = Odd::new(&stream)
        .opening(|_, fetch| Box::new(Nameless(fetch)))
        .listing(|n| (1..8).contains(&n).then_some(Unlisted::Fails(ErrorKind::Throttled)));
    let config = config(&MemoryCheckpoints::new());
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    stream.split(&shard(0)).unwrap();
    put(&stream, 3, 4);
    for n in 0..4 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_lags_behind_a_reshard_ends_nothing() {
    let stream = filled(1, 3);
    let odd = Arc::new(Odd::new(&stream));
    odd.freeze_listing().await;
    let config =
        SourceConfig { refresh_interval: Duration::from_secs(1), ..config(&MemoryCheckpoints::new()) };
    let mut source = ShardedSource::connect(odd.clone(), config).await.unwrap();
    let [low, high] = stream.split(&shard(0)).unwrap();
    for _ in 0..3 {
        next(&mut source).await.ack();
    }
    timeout(Duration::from_secs(10), source.next()).await.expect_err("the children are empty");
    odd.thaw_listing();
    timeout(Duration::from_secs(10), source.next()).await.expect_err("the children are empty");
    stream.merge(&low, &high).unwrap();
    put(&stream, 3, 4);
    assert_eq!(number(&next(&mut source).await), 3);
}

#[tokio::test(start_paused = true)]
async fn a_reshard_after_the_tip_keeps_no_source_from_ending_there() {
    let stream = filled(2, 100);
    let config =
        SourceConfig { refresh_interval: Duration::from_secs(1), ..until_tip(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let held: Vec<_> = (&mut source).take(100).try_collect().await.unwrap();
    // The readers get to their tips, and the children are listed before the stream has heard of it.
    sleep(Duration::from_secs(1)).await;
    stream.split(&shard(0)).unwrap();
    sleep(Duration::from_secs(5)).await;
    held.into_iter().for_each(Message::ack);
    assert!(timeout(LONG, source.try_next()).await.expect("it ends").unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_parent_whose_row_was_removed_once_its_child_was_begun_is_not_read_again() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let [low, high] = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 40);
    let of = |shard| stream.records().into_iter().filter(move |record| record.shard == shard);
    let behind = of(low.clone()).next().unwrap().sequence;
    // As a KCL leaves them: of the parent nothing, of a child where it is, of the other nothing yet.
    let begun = Position::After { sequence: behind, sub_sequence: None };
    store.reset(&application(), &low, None, &begun.into()).await.unwrap();
    let source = stream.source_with(until_tip(&store)).await.unwrap();
    let read = source.map_ok(Message::ack).try_collect::<Vec<()>>().await.unwrap();
    assert_eq!(read.len(), of(low).count() - 1 + of(high).count());
}
