//! What was removed before it was read.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::time::{sleep, timeout};

use super::odd::{Late, Missing, Odd, Unlisted};
use super::{LONG, config, filled, next, number, put, read_all, shard, stored, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{OnGap, ShardedSource, SourceConfig};
use crate::{ErrorKind, MemoryStream, Position};

fn after(n: usize) -> Position {
    Position::After { sequence: n.to_string().into(), sub_sequence: None }
}

/// A group that has read ten records of twenty, and was down until the first fifteen were removed.
async fn overtaken() -> (MemoryStream, MemoryCheckpoints) {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    read_all(&stream, until_tip(&store)).await;
    put(&stream, 10, 20);
    stream.trim(&stream.records()[14]);
    (stream, store)
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_an_event_with_its_bounds_and_an_error_where_the_user_asked_for_one() {
    gap_is_told_of().await;
    gap_fails().await;
}

/// The default: reading goes on behind the gap.
async fn gap_is_told_of() {
    let (stream, store) = overtaken().await;
    let records = stream.records();
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let first = next(&mut source).await;
    assert_eq!(number(&first), 15);
    first.ack();
    let gaps = source.control().gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!((&gaps[0].shard, &gaps[0].after.position), (&shard(0), &after(10)));
    assert!(gaps[0].after.arrival.is_some());
    assert_eq!(gaps[0].until, Some((records[0].sequence.clone(), Some(records[0].arrival))));
}

/// Nothing behind the gap is handed out, at any start.
async fn gap_fails() {
    let (stream, store) = overtaken().await;
    let fail = SourceConfig { on_gap: OnGap::Fail, ..config(&store) };
    let mut source = stream.source_with(fail.clone()).await.unwrap();
    let control = source.control();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gap);
    for part in ["shardId-000000000000", "sequence 10", "sequence 16", "on_gap(Continue)"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    assert!(source.next().await.is_none());
    control.finished().await.unwrap_err();
    assert_eq!(stored(&store, shard(0)).await, after(10), "the checkpoint stays before the gap");
    let mut again = stream.source_with(fail).await.unwrap();
    assert_eq!(again.next().await.unwrap().unwrap_err().kind(), ErrorKind::Gap);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_overtaken_while_it_is_paused_tells_of_the_gap() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let control = source.control();
    for _ in 0..10 {
        next(&mut source).await.ack();
    }
    sleep(Duration::from_secs(1)).await;
    control.pause_all();
    put(&stream, 10, 12);
    sleep(Duration::from_secs(1)).await; // the page under way is fetched
    put(&stream, 12, 20);
    stream.trim(&stream.records()[14]);
    control.resume_all();
    let mut numbers = Vec::new();
    while let Some(Some(message)) = source.next().now_or_never().map(|message| message.map(Result::unwrap)) {
        numbers.push(number(&message));
        message.ack();
        sleep(Duration::from_secs(1)).await;
    }
    assert!(numbers.ends_with(&[15, 16, 17, 18, 19]), "{numbers:?}");
    assert_eq!(control.gaps().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reading_from_the_beginning_of_what_is_left_is_no_gap() {
    let stream = filled(1, 10);
    stream.trim(&stream.records()[4]);
    let config = SourceConfig { on_gap: OnGap::Fail, ..until_tip(&MemoryCheckpoints::new()) };
    assert_eq!(read_all(&stream, config).await, (5..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_retention_has_removed_ends_and_its_children_are_read() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let children = stream.split(&shard(0)).unwrap();
    put(&stream, 10, 20);
    let odd = Odd::new(&stream)
        .opening(|of, fetch| if *of == shard(0) { Box::new(Missing) } else { fetch })
        .listing_without(shard(0));
    let mut source = ShardedSource::connect(Arc::new(odd), config(&store)).await.unwrap();
    let mut numbers = Vec::new();
    for _ in 10..20 {
        let message = next(&mut source).await;
        assert!(children.contains(message.origin().unwrap().shard()));
        numbers.push(number(&message));
        message.ack();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (10..20).collect::<Vec<_>>());
    assert_eq!(source.control().gaps()[0].until, None);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_some_part_of_the_service_has_not_heard_of_yet_is_waited_for() {
    let stream = filled(1, 10);
    let begun = tokio::time::Instant::now();
    let odd =
        Odd::new(&stream).opening(move |_, fetch| Box::new(Late(begun, fetch))).listing_without(shard(0));
    let mut source = ShardedSource::connect(Arc::new(odd), config(&MemoryCheckpoints::new())).await.unwrap();
    for n in 0..10 {
        let message = next(&mut source).await;
        assert_eq!(number(&message), n);
        message.ack();
    }
    assert!(source.control().gaps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_deleted_ends_the_source_with_an_error_at_once() {
    let stream = filled(1, 10);
    let odd = Odd::new(&stream)
        .opening(|_, _| Box::new(Missing))
        .listing(|n| (n > 0).then_some(Unlisted::Fails(ErrorKind::NotFound)));
    let mut source = ShardedSource::connect(Arc::new(odd), config(&MemoryCheckpoints::new())).await.unwrap();
    let begun = tokio::time::Instant::now();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_gap_without_a_record_behind_it_is_told_of_with_the_next_one() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    read_all(&stream, until_tip(&store)).await;
    put(&stream, 10, 20);
    stream.trim(&stream.records()[19]);
    let mut source = stream.source_with(config(&store)).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    put(&stream, 20, 21);
    assert_eq!(number(&next(&mut source).await), 20);
    let gaps = source.control().gaps();
    assert_eq!((gaps.len(), &gaps[0].after.position), (1, &after(10)));
}
