//! What connect checks, creates and waits for.

use std::time::Duration;

use futures::SinkExt;
use headwater::ErrorKind;
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use tokio::time::Instant;

use super::{numbered, numbers, orders};
use crate::sink::{KinesisSink, Limits};

#[tokio::test(start_paused = true)]
async fn a_setting_outside_its_range_is_named_before_any_call() {
    let local = LocalKinesis::new();
    for (builder, text) in [
        (orders(&local).batch_records(0), "batch_records = 0: 1 to 500 is allowed"),
        (orders(&local).batch_records(501), "batch_records = 501: 1 to 500 is allowed"),
        (orders(&local).batch_bytes((10 << 20) + 1), "batch_bytes = 10485761: 1 to 10485760 is allowed"),
        (orders(&local).create_stream(0), "create_stream = 0: 1 to 2147483647 is allowed"),
        (orders(&local).max_in_flight(0), "max_in_flight = 0: at least 1 is allowed"),
        (orders(&local).max_queue(0), "max_queue = 0: at least 1 is allowed"),
        (orders(&local).frame_size(0), "frame_size = 0: 1 to 10485760 is allowed"),
        (
            orders(&local).expo_backoff(Duration::from_secs(20)),
            "expo_backoff_limit = 10s: 20s to 604800s is allowed",
        ),
    ] {
        let error = builder.connect().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Invalid, text));
    }
    let limits = Limits::PerShard { records: 0, bytes: 1 };
    let error = orders(&local).limits(limits).connect().await.unwrap_err();
    assert!(error.to_string().starts_with("limits(records) = 0"), "{error}");
    assert_eq!(local.counters().total_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_exist_is_not_found_in_one_call() {
    let local = LocalKinesis::new();
    let error = orders(&local).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("\"orders\""), "{error}");
    assert_eq!(local.counters().total_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn start_up_makes_a_bounded_number_of_control_plane_calls() {
    let local = LocalKinesis::builder().stream("orders", 50).build();
    let _sink = orders(&local).connect().await.unwrap();
    assert_eq!(local.counters().total_calls(), 2, "a summary and the open shards");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_created_once_and_waited_for() {
    let local = LocalKinesis::builder().create_delay(Duration::from_secs(20)).build();
    let started = Instant::now();
    let connect = || orders(&local).create_stream(3).connect();
    let (first, second) = tokio::join!(connect(), connect());
    assert!((20..22).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    first.unwrap().send(numbered("a", 1)).await.unwrap();
    second.unwrap().send(numbered("a", 2)).await.unwrap();
    connect().await.unwrap().close().await.unwrap();
    assert_eq!(local.shards("orders").unwrap().len(), 3);
    assert_eq!(numbers(&local, None), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_active_in_time_is_not_ready() {
    let local = LocalKinesis::builder().create_delay(Duration::from_mins(2)).build();
    let error =
        orders(&local).create_stream(1).active_timeout(Duration::from_secs(5)).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);

    let local = LocalKinesis::builder().stream("orders", 1).delete_delay(Duration::from_mins(1)).build();
    local.client().delete_stream().stream_name("orders").send().await.unwrap();
    let started = Instant::now();
    let error = orders(&local).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    assert_eq!(started.elapsed(), Duration::ZERO, "a stream that goes is not waited for");
}

#[tokio::test(start_paused = true)]
async fn connecting_outlasts_a_passing_failure() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let fault = Fault::fail_calls(ErrorCode::InternalFailure).on(Operation::DescribeStreamSummary).times(2);
    local.faults().set(Faults::seeded(1).add(fault));
    orders(&local).connect().await.unwrap().close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_named_by_its_arn() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let arn = local.stream_arn("orders").unwrap();
    let mut sink = KinesisSink::builder(arn).client(local.client()).connect().await.unwrap();
    sink.send(numbered("a", 7)).await.unwrap();
    assert_eq!(numbers(&local, None), [7]);
}
