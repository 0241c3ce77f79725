//! What ends a sink, and what it hands back then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::{SinkExt, StreamExt, stream};
use headwater::batch::Batch;
use headwater::{Delivery, ErrorKind, Message};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use tower::ServiceExt;
use tower::layer::layer_fn;

use super::{numbered, numbers, orders};
use crate::sink::layers::Putter;

#[tokio::test(start_paused = true)]
async fn a_fatal_error_fails_fast_with_no_more_than_one_call_per_request() {
    for (code, kind) in [
        (ErrorCode::AccessDenied, ErrorKind::AccessDenied),
        (ErrorCode::ResourceNotFound, ErrorKind::NotFound),
        (ErrorCode::InvalidArgument, ErrorKind::Invalid),
        (ErrorCode::Validation, ErrorKind::Invalid),
    ] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        let sink = orders(&local).connect().await.unwrap();
        local.faults().set(Faults::seeded(1).add(Fault::fail_calls(code).on(Operation::PutRecords)));
        let messages = (0..5_000).map(|number| Ok(numbered(format!("key-{number}"), number)));
        let error = stream::iter(messages).forward(sink).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(code.name()), "{error}");
        assert!(local.counters().calls(Operation::PutRecords) <= 4);
        assert_eq!(error.undelivered_len(), 5_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_deleted_hands_everything_back() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = orders(&local).connect().await.unwrap();
    sink.send(numbered("a", 1)).await.unwrap();
    local.delete_stream("orders").unwrap();
    let error = sink.send(numbered("a", 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let undelivered = error.into_undelivered();
    assert_eq!(undelivered[0].delivery(), Delivery::NotStored);
    assert_eq!(undelivered[0].message().payload(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_fatal_for_one_record_hands_that_record_back_alone() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let code = ErrorCode::Other { name: "KMSAccessDeniedException", status: 400 };
    local.faults().set(Faults::seeded(1).add(Fault::fail_entries(code).skip(1).times(1)));
    let mut sink = orders(&local).connect().await.unwrap();
    for number in 0..4 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    let undelivered = sink.drain().await;
    assert_eq!(undelivered.len(), 1);
    assert_eq!(undelivered[0].message().payload(), "1");
    assert_eq!(undelivered[0].reason().kind(), ErrorKind::AccessDenied);
    sink.send(numbered("key-1", 4)).await.unwrap();
    assert_eq!(numbers(&local, None), [0, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_the_stream_takes_is_refused_by_its_send() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let payload = |len: usize| Message::keyed(vec![b'x'; len].into(), "k");
    let mut sink = orders(&local).connect().await.unwrap();
    sink.send(payload((1 << 20) - 1)).await.unwrap();
    let error = sink.feed(payload(1 << 20)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "send to \"orders\": a record of 1048577 bytes, its key included: at most 1048576 are allowed"
    );
    assert_eq!(error.into_undelivered().len(), 1);

    let arn = local.stream_arn("orders").unwrap();
    let update = local.client().update_max_record_size().stream_arn(arn).max_record_size_in_kib(10_240);
    update.send().await.unwrap();
    let mut sink = orders(&local).connect().await.unwrap();
    sink.send(payload((10 << 20) - 1)).await.unwrap();
    assert_eq!(local.record_count("orders").unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_retry_limit_counts_every_call() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut sink = orders(&local).retry_limit(2).connect().await.unwrap();
    let fault = Fault::fail_calls(ErrorCode::ServiceUnavailable).on(Operation::PutRecords);
    local.faults().set(Faults::seeded(1).add(fault));
    sink.feed(numbered("a", 1)).await.unwrap();
    let undelivered = sink.drain().await;
    assert_eq!(local.counters().calls(Operation::PutRecords), 3);
    assert_eq!(undelivered[0].delivery(), Delivery::Unknown);
    assert_eq!(undelivered[0].reason().kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_layer_of_the_user_sees_every_attempt_and_may_fail_in_its_own_way() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let attempts = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&attempts);
    let outer = layer_fn(move |service: Putter| {
        let seen = Arc::clone(&seen);
        service.map_request(move |batch: Batch| {
            seen.fetch_add(1, Ordering::Relaxed);
            batch
        })
    });
    // Fails the first two attempts with an error that is not the workspace's.
    let calls = Arc::new(AtomicU32::new(0));
    let inner = layer_fn(move |service: Putter| {
        let calls = Arc::clone(&calls);
        tower::service_fn(move |batch: Batch| {
            let fails = calls.fetch_add(1, Ordering::Relaxed) < 2;
            let service = service.clone();
            async move {
                if fails {
                    return Err(headwater::BoxError::from("not today"));
                }
                Ok(service.oneshot(batch).await?)
            }
        })
    });
    let mut sink = orders(&local).layer(outer).layer(inner).connect().await.unwrap();
    sink.send(numbered("a", 1)).await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    assert_eq!(local.counters().calls(Operation::PutRecords), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_gone_for_a_minute_costs_nothing_but_that_minute() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let mut sink = orders(&local).max_queue(1_000).connect().await.unwrap();
    local.faults().set(Faults::seeded(1).add(Fault::reset()));
    let end = tokio::time::Instant::now() + Duration::from_mins(1);
    let faults = local.faults();
    let back = tokio::spawn(async move {
        tokio::time::sleep_until(end).await;
        faults.clear();
    });
    for number in 0..3_000 {
        sink.feed(numbered(format!("key-{}", number % 300), number)).await.unwrap();
    }
    sink.flush().await.unwrap();
    back.await.unwrap();
    assert!(end.elapsed() < Duration::from_secs(30), "{:?} after it was back", end.elapsed());
    for key in 0..300 {
        let numbers = numbers(&local, Some(&format!("key-{key}")));
        assert_eq!(numbers, (0..10).map(|nth| nth * 300 + key).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_before_an_endpoint_went_for_good_is_handed_back_after_its_time() {
    let local = LocalKinesis::builder().stream("orders", 2).build();
    let sink = orders(&local).time_to_live(Duration::from_secs(30)).connect().await.unwrap();
    local.faults().set(Faults::seeded(1).add(Fault::reset()));
    let producer = sink.producer();
    for number in 0..100 {
        producer.send(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    let begun = tokio::time::Instant::now();
    let undelivered = producer.flush().await;
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    assert_eq!(undelivered.len(), 100);
    assert!(undelivered.iter().all(|each| each.delivery() == Delivery::Unknown));
    assert!(undelivered[0].reason().to_string().contains("attempts in"), "{}", undelivered[0].reason());
}
