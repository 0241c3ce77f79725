//! The first calls of a source, and what it is told at the start.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::sick::{Illness, Sick, Verb};
use super::{LONG, config, filled, next, read_all, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::SourceConfig;
use crate::{ErrorKind, MemoryStream};

#[tokio::test]
async fn a_setting_out_of_range_is_named() {
    let config = SourceConfig { lease_time: Duration::ZERO, ..SourceConfig::default() };
    let error = MemoryStream::new("orders", 1).source_with(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("lease_time"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_interval_without_end_is_no_overflow() {
    let config = SourceConfig { refresh_interval: Duration::MAX, ..config(&MemoryCheckpoints::new()) };
    let mut source = filled(1, 1).source_with(config).await.unwrap();
    let control = source.control();
    next(&mut source).await.ack();
    timeout(LONG, source.next()).await.expect_err("it goes on");
    drop(source);
    timeout(LONG, control.finished()).await.expect("it ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_throttled_once_at_the_start_costs_a_moment() {
    let store = MemoryCheckpoints::new();
    store.fail_next(1, ErrorKind::Throttled);
    let begun = tokio::time::Instant::now();
    let numbers = read_all(&filled(1, 3), until_tip(&store)).await;
    assert_eq!(numbers, [0, 1, 2]);
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_at_the_start_is_an_error() {
    let store = Sick::new(&MemoryCheckpoints::new(), Illness::Hangs, |verb, _| verb == Verb::Start);
    let stream = filled(1, 3);
    let error = timeout(LONG, stream.source_with(config(&store))).await.expect("no stall").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn ready_waits_for_a_store_that_is_down_at_the_first_scan() {
    let store = MemoryCheckpoints::new();
    let source = filled(1, 3).source_with(config(&store)).await.unwrap();
    let control = source.control();
    store.outage(true);
    timeout(Duration::from_secs(5), control.ready()).await.expect_err("not one shard is held");
    store.outage(false);
    timeout(LONG, control.ready()).await.expect("no stall").unwrap();
}
