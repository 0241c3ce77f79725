//! Polling one shard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use headwater::codec::Framing as _;
use headwater::source::Fetch;
use headwater::{ErrorKind, Headers};
use headwater_local::{ErrorCode, Fault, Faults, Operation, ShardRates};
use metrics_util::debugging::DebuggingRecorder;
use tokio::time::{Instant, advance};

use super::*;
use crate::kpl::Kpl;
use crate::source::polling::PollingFetch;
use crate::spy::{Seen, answer, wire};

fn fetch(local: &LocalKinesis, from: ReadFrom) -> PollingFetch {
    PollingFetch::new(polling(&local.client()), shard(0), from)
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_expires_before_its_first_use_resumes_from_the_checkpoint() {
    let local = local();
    let sequences = put(&local, 0..10);
    let expired = Fault::fail_calls(ErrorCode::ExpiredIterator).on(Operation::GetRecords).times(1);
    local.faults().set(Faults::seeded(0).add(expired));
    let page = fetch(&local, after(&sequences[3])).next().await.unwrap();
    assert_eq!((numbers(&page), page.gap), ((4..10).collect(), false));
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_expires_between_two_pages_loses_and_repeats_nothing() {
    let local = local();
    put(&local, 0..10);
    let mut fetch = fetch(&local, BEGINNING);
    assert_eq!(numbers(&fetch.next().await.unwrap()), (0..10).collect::<Vec<_>>());
    for numbers_of in [10..10, 10..14, 14..14, 14..15] {
        put(&local, numbers_of.clone());
        local.expire_iterators();
        let page = fetch.next().await.unwrap();
        assert_eq!((numbers(&page), page.gap), (numbers_of.collect(), false));
    }
}

#[tokio::test(start_paused = true)]
async fn iterators_that_are_expired_from_the_first_are_an_error_that_may_pass() {
    let local = local();
    let faults = Fault::fail_calls(ErrorCode::ExpiredIterator).on(Operation::GetRecords);
    local.faults().set(Faults::seeded(0).add(faults));
    let error = fetch(&local, BEGINNING).next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(local.counters().calls(Operation::GetRecords), 2);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_retention_passed_is_a_gap() {
    let local = LocalKinesis::builder().stream("orders", 1).retention(Duration::from_mins(1)).build();
    let sequences = put(&local, 0..3);
    advance(Duration::from_secs(40)).await;
    put(&local, 3..6);
    advance(Duration::from_secs(40)).await;
    let mut fetch = fetch(&local, after(&sequences[1]));
    let page = fetch.next().await.unwrap();
    assert_eq!((numbers(&page), page.gap), (vec![3, 4, 5], true));
    put(&local, 6..7);
    let page = fetch.next().await.unwrap();
    assert_eq!((numbers(&page), page.gap), (vec![6], false));
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_inside_an_aggregate_gets_the_whole_record() {
    let local = local();
    put(&local, 0..1);
    let mut frame = Kpl.open();
    for number in ["1", "2", "3"] {
        frame.push(&"key".into(), number.as_bytes(), &Headers::new());
    }
    let sequence = local.put("orders", "key", frame.finish()).unwrap().sequence_number;
    put(&local, 4..5);
    let inside = Position::After { sequence: sequence.into(), sub_sequence: Some(1) };
    let page = fetch(&local, ReadFrom::Position(inside)).next().await.unwrap();
    assert_eq!((numbers(&page), page.gap), (vec![1, 2, 3, 4], false));
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_of_a_kcl_at_a_plain_record_is_after_it() {
    let local = local();
    let sequences = put(&local, 0..3);
    let read = Position::After { sequence: sequences[1].as_str().into(), sub_sequence: Some(0) };
    let page = fetch(&local, ReadFrom::Position(read)).next().await.unwrap();
    assert_eq!((numbers(&page), page.gap), (vec![2], false));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_expired_while_it_was_held_is_not_found() {
    let local = LocalKinesis::builder().stream("orders", 1).retention(Duration::from_mins(1)).build();
    put(&local, 0..1);
    let mut fetch = fetch(&local, BEGINNING);
    fetch.next().await.unwrap();
    local.split_shard("orders", shard(0).as_str()).unwrap();
    advance(Duration::from_mins(2)).await;
    let error = fetch.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_call_can_bring_is_all_until_the_tip_and_then_what_was_written_since() {
    let local = local();
    let mut fetch = fetch(&local, BEGINNING);
    assert_eq!(fetch.largest(), limits::GET_BYTES);
    fetch.next().await.unwrap();
    fetch.due().await;
    assert!((1 << 20..2 << 20).contains(&fetch.largest()), "{}", fetch.largest());
    advance(Duration::from_secs(2)).await;
    assert!((3 << 20..4 << 20).contains(&fetch.largest()), "{}", fetch.largest());
    advance(Duration::from_mins(10)).await;
    assert_eq!(fetch.largest(), limits::GET_BYTES);
}

#[test]
fn a_page_takes_no_more_than_its_records_may() {
    let local = local();
    let mut polling = Arc::into_inner(polling(&local.client())).unwrap();
    assert_eq!(polling.largest(3, None), 3 << 20);
    polling.max_record = 1 << 10;
    assert_eq!(polling.largest(3, Some(Duration::ZERO)), 3 << 10);
    assert_eq!(polling.largest(10_000, Some(Duration::ZERO)), 64 << 10);
    polling.pace.interval = None;
    assert_eq!(polling.largest(10_000, Some(Duration::ZERO)), 10_000 << 10);
}

#[tokio::test(start_paused = true)]
async fn where_shards_crowd_the_budget_the_first_call_to_each_asks_for_one_record() {
    let local = local();
    put(&local, 0..5);
    let polling = Polling { probes: true, ..Arc::into_inner(polling(&local.client())).unwrap() };
    let mut fetch = PollingFetch::new(Arc::new(polling), shard(0), BEGINNING);
    assert_eq!(fetch.largest(), limits::DEFAULT_MAX_RECORD);
    assert_eq!(numbers(&fetch.next().await.unwrap()), [0]);
    assert_eq!(fetch.largest(), limits::GET_BYTES);
    assert_eq!(numbers(&fetch.next().await.unwrap()), [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_only_proves_the_checkpoint_is_no_tip() {
    let local = local();
    let sequences = put(&local, 0..5);
    let polling = Polling { probes: true, ..Arc::into_inner(polling(&local.client())).unwrap() };
    let mut fetch = PollingFetch::new(Arc::new(polling), shard(0), after(&sequences[4]));
    let page = fetch.next().await.unwrap();
    assert!(page.records.is_empty() && page.millis_behind_latest == Some(1), "{page:?}");
    assert_eq!(fetch.next().await.unwrap().millis_behind_latest, Some(0));
}

#[tokio::test(start_paused = true)]
async fn the_first_call_to_any_of_many_shards_comes_within_a_second() {
    let local = local();
    let mut polling = Arc::into_inner(polling(&local.client())).unwrap();
    polling.open_shards = 10_000;
    let polling = Arc::new(polling);
    let mut waits = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let mut fetch = PollingFetch::new(Arc::clone(&polling), shard(0), BEGINNING);
        fetch.due().await;
        waits.push(begun.elapsed());
    }
    assert!(waits.iter().any(|wait| *wait > Duration::from_millis(500)), "they are spread");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(1_001)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_others_read_too_is_called_as_often_as_it_bears() {
    let rates = ShardRates { read_calls_per_second: Some(1), ..ShardRates::UNLIMITED };
    let local = LocalKinesis::builder().stream("orders", 1).rates(rates).build();
    let mut fetch = fetch(&local, BEGINNING);
    let begun = Instant::now();
    let mut refused = 0;
    while begun.elapsed() < Duration::from_mins(2) {
        put(&local, 0..1);
        if let Err(error) = fetch.next().await {
            assert_eq!(error.kind(), ErrorKind::Throttled);
            refused += 1;
        }
    }
    let calls = local.counters().calls(Operation::GetRecords);
    assert!((60..300).contains(&calls), "{calls} calls in 120 s");
    assert!(refused * 2 < calls, "{refused} of {calls} calls were refused");
}

#[tokio::test(start_paused = true)]
async fn a_start_ahead_of_the_clock_of_kinesis_is_signed_again_like_any_call() {
    let local = local();
    let refused = AtomicBool::new(false);
    let expired = r#"{"__type":"ExpiredTokenException","message":"the token has expired"}"#;
    let http = wire(&local, move |request| {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        let is_latest = body.contains("LATEST");
        let first = is_latest && !refused.swap(true, Ordering::Relaxed);
        if first { answer(400, None, expired) } else { Seen::Through }
    });
    let client = Client::from_conf(local.kinesis_config().http_client(http).build());
    let soon = ReadFrom::Position(Position::At(SystemTime::now() + Duration::from_mins(10)));
    let mut fetch = PollingFetch::new(polling(&client), shard(0), soon);
    assert!(fetch.next().await.unwrap().records.is_empty());
    put(&local, 0..1);
    assert_eq!(numbers(&fetch.next().await.unwrap()), [0]);
}

#[test]
fn calls_throttling_and_expired_iterators_are_told() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let local = local();
            let expired = Fault::fail_calls(ErrorCode::ExpiredIterator).times(1);
            let throttled = Fault::fail_calls(ErrorCode::ProvisionedThroughputExceeded).skip(1).times(1);
            let faults = [expired, throttled].map(|fault| fault.on(Operation::GetRecords));
            local.faults().set(faults.into_iter().fold(Faults::seeded(0), Faults::add));
            let mut fetch = fetch(&local, BEGINNING);
            fetch.next().await.unwrap_err();
            fetch.next().await.unwrap();
        });
    });
    let told = told(&snapshotter);
    let of = |name: &str, label: &str| told[&(format!("headwater_source_{name}"), label.to_owned())];
    for measure in ["calls_total", "call_seconds"] {
        assert_eq!((of(measure, "GetRecords"), of(measure, "GetShardIterator")), (3, 2), "{measure}");
    }
    assert_eq!((of("throttled_total", shard(0).as_str()), of("expired_iterators_total", "orders")), (1, 1));
}
