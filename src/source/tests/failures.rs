//! Failed calls: what passes is waited for, what lasts is an error, and nothing fails in silence.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::odd::{Odd, Panicking};
use super::sick::{Illness, Sick, Verb};
use super::{LONG, config, filled, next, read_all, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::{ShardedSource, SourceConfig};
use crate::{Error, ErrorKind, Message};

#[tokio::test(start_paused = true)]
async fn a_shard_survives_any_single_failed_call() {
    let stream = filled(2, 100);
    for kind in [ErrorKind::Unavailable, ErrorKind::Throttled, ErrorKind::Timeout] {
        stream.faults().fail_fetches(3, kind);
        assert_eq!(read_all(&stream, until_tip(&MemoryCheckpoints::new())).await.len(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_ends_the_source_at_once() {
    let stream = filled(1, 1);
    stream.faults().fail_fetches(1, ErrorKind::AccessDenied);
    let mut source = stream.source_with(until_tip(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(source.next().await.is_none());
    assert_eq!(control.finished().await.unwrap_err().kind(), ErrorKind::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_before_the_rest_of_the_page() {
    let mut source = filled(1, 10).source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    next(&mut source).await.ack();
    source.control().fail(Error::new(ErrorKind::AccessDenied, "commit"));
    assert_eq!(source.try_next().await.unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_reaches_those_who_wait_though_nobody_reads() {
    let stream = filled(1, 1);
    stream.faults().fail_fetches(1, ErrorKind::AccessDenied);
    let source = stream.source_with(config(&MemoryCheckpoints::new())).await.unwrap();
    let control = source.control();
    // The lease may be held before the fetch fails.
    if let Err(error) = timeout(LONG, control.ready()).await.expect("no stall") {
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
    }
    let error = timeout(LONG, control.finished()).await.expect("no stall").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn an_outage_beyond_its_limit_is_an_error() {
    let stream = filled(1, 1);
    stream.faults().fail_fetches(u32::MAX, ErrorKind::Unavailable);
    let config =
        SourceConfig { outage_limit: Duration::from_secs(30), ..until_tip(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let error = timeout(LONG, source.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_10_s_costs_nothing_but_10_s() {
    let (stream, store) = (filled(2, 100), MemoryCheckpoints::new());
    let source = stream.source_with(SourceConfig { ..config(&store) }).await.unwrap();
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
    assert!(read_all(&stream, until_tip(&store)).await.is_empty(), "the last checkpoint is stored");
}

#[tokio::test(start_paused = true)]
async fn commits_that_fail_beyond_the_outage_limit_are_an_error() {
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Fails(ErrorKind::Unavailable), |verb, _| {
        verb == Verb::Commit
    });
    let config = SourceConfig { outage_limit: Duration::from_secs(30), ..config(&store) };
    let source = filled(1, 100).source_with(config).await.unwrap();
    let reading = source.map_ok(Message::ack).try_collect::<Vec<()>>();
    let error = timeout(LONG, reading).await.expect("listings that go well do not excuse it").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_panics_ends_the_source_with_an_error() {
    let odd = Odd::new(&filled(1, 1)).opening(|_, _| Box::new(Panicking));
    let config = config(&MemoryCheckpoints::new());
    let mut source = ShardedSource::connect(Arc::new(odd), config).await.unwrap();
    let error = timeout(LONG, source.try_next()).await.expect("no stall").unwrap_err();
    assert!(error.to_string().contains("shardId-000000000000"), "{error}");
    assert!(error.to_string().contains("panic"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_ends_the_source_with_an_error() {
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Panics, |verb, _| verb == Verb::List);
    let mut source = filled(1, 1).source_with(config(&store)).await.unwrap();
    let control = source.control();
    timeout(LONG, source.try_next()).await.expect("no stall").unwrap_err();
    timeout(LONG, control.finished()).await.expect("no stall").unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_shard_is_paused_is_no_outage() {
    let stream = filled(1, 10);
    let config = SourceConfig { outage_limit: Duration::from_secs(30), ..config(&MemoryCheckpoints::new()) };
    let mut source = stream.source_with(config).await.unwrap();
    let control = source.control();
    stream.faults().fail_fetches(1, ErrorKind::Throttled);
    control.ready().await.unwrap();
    tokio::task::yield_now().await;
    control.pause_all();
    tokio::time::sleep(Duration::from_mins(1)).await;
    stream.faults().fail_fetches(1, ErrorKind::Throttled);
    control.resume_all();
    for _ in 0..10 {
        timeout(LONG, source.try_next()).await.expect("no stall").unwrap().unwrap().ack();
    }
}

#[tokio::test(start_paused = true)]
async fn claims_that_fail_beyond_the_outage_limit_are_an_error_though_the_rows_can_be_listed() {
    let (stream, kind) = (filled(1, 1), ErrorKind::Unavailable);
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Fails(kind), |verb, _| verb == Verb::Claim);
    let config = SourceConfig { outage_limit: Duration::from_secs(30), ..config(&store) };
    let mut source = stream.source_with(config).await.unwrap();
    timeout(Duration::from_secs(25), source.next()).await.expect_err("it may pass");
    let error = timeout(LONG, source.next()).await.expect("it lasts too long").unwrap().unwrap_err();
    assert_eq!(error.kind(), kind);
}
