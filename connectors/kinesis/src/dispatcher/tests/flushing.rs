//! What a flush returns.

use std::collections::BTreeSet;
use std::time::Duration;

use headwater::{Delivery, ErrorKind};
use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use tokio::time::Instant;

use super::{Order, inject, orders, payloads, stored};
use crate::sink::Limits;
use crate::{Dispatcher, codec};

#[tokio::test(start_paused = true)]
async fn flush_returns_each_unsent_record_once_with_its_reason() {
    for (fault, kind, delivery) in [
        (
            Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).skip(3).times(2),
            ErrorKind::Throttled,
            Delivery::NotStored,
        ),
        (
            Fault::fail_entries(ErrorCode::InternalFailure).skip(3).times(2),
            ErrorKind::Unavailable,
            Delivery::Unknown,
        ),
    ] {
        let local = LocalKinesis::builder().stream("orders", 1).build();
        inject(&local, fault);
        let sink = orders(&local).retry_limit(0);
        let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
        for number in 0..10 {
            dispatcher.submit(number).await.unwrap();
        }
        let unprocessed = dispatcher.flush().await;
        for failed in &unprocessed {
            assert_eq!((failed.reason().kind(), failed.delivery()), (kind, delivery), "{failed:?}");
            assert!(failed.to_string().starts_with("put to \"orders\" failed after 1 attempt"), "{failed}");
            assert_eq!(failed.reason().undelivered_len(), 0, "the payload is not kept twice");
        }
        let unprocessed = payloads(unprocessed);
        assert_eq!(unprocessed.len(), 2);
        assert!(dispatcher.flush().await.is_empty(), "nothing is returned again");
        for number in unprocessed {
            dispatcher.submit(number).await.unwrap();
        }
        assert!(dispatcher.flush().await.is_empty());
        let mut stored = stored(&local);
        stored.sort_unstable();
        assert_eq!(stored, (0..10).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_stored_is_told_from_what_is_not() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).retry_limit(0);
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    inject(&local, Fault::lose_answer().on(Operation::PutRecords).times(1));
    dispatcher.submit(7).await.unwrap();
    let unprocessed = dispatcher.flush().await;
    assert_eq!((*unprocessed[0].payload(), unprocessed[0].delivery()), (7, Delivery::Unknown));
    assert_eq!(stored(&local), [7]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_comes_back_in_the_order_of_submission_whenever_it_failed() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    local.faults().set(Faults::seeded(7).fail_entries(0.9));
    let sink = orders(&local).retry_limit(5);
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    for number in 0..1_000 {
        dispatcher.submit(number).await.unwrap();
    }
    let unprocessed = payloads(dispatcher.flush().await);
    assert!((100..900).contains(&unprocessed.len()), "{} failed", unprocessed.len());
    assert!(unprocessed.is_sorted(), "{unprocessed:?}");
    let both: BTreeSet<_> = stored(&local).into_iter().chain(unprocessed).collect();
    assert_eq!(both.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn the_later_payloads_of_a_key_come_back_with_the_one_that_failed() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).times(1));
    let sink = orders(&local).retry_limit(0).partition_key_identifier("customer");
    let mut dispatcher = Dispatcher::over(sink, codec::json()).connect().await.unwrap();
    for number in 0..3 {
        dispatcher.submit(Order { customer: "ann".into(), number }).await.unwrap();
    }
    let unprocessed = dispatcher.flush().await;
    let kinds: Vec<_> = unprocessed.iter().map(|failed| failed.reason().kind()).collect();
    assert_eq!(kinds, [ErrorKind::Throttled, ErrorKind::Undelivered, ErrorKind::Undelivered]);
    let unprocessed = payloads(unprocessed);
    let numbers: Vec<_> = unprocessed.iter().map(|order| order.number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(local.record_count("orders").unwrap(), 0);
    for order in unprocessed {
        dispatcher.submit(order).await.unwrap();
    }
    let again = dispatcher.flush().await;
    assert!(again.is_empty(), "the key is free again: {again:?}");
    let records = local.records("orders").unwrap();
    let data: Vec<_> = records.iter().map(|record| std::str::from_utf8(&record.data).unwrap()).collect();
    let order = |number| format!(r#"{{"customer":"ann","number":{number}}}"#);
    assert_eq!(data, [order(0), order(1), order(2)]);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_submits_under_throttling_neither_recurse_nor_repeat() {
    let local = LocalKinesis::builder().stream("orders", 4).build();
    local.faults().set(Faults::seeded(42).fail_entries(0.5));
    // Retries of one millisecond share a request, which keeps the test short.
    let sink = orders(&local).retry_limit(2).expo_backoff(Duration::from_millis(1)).limits(Limits::Unlimited);
    let mut dispatcher =
        Dispatcher::over(sink, codec::json::<u32>()).max_batch_size(250).connect().await.unwrap();
    let mut unprocessed = Vec::new();
    for number in 0..10_000 {
        dispatcher.submit(number).await.unwrap();
        // More often than the original survives.
        if number % 30 == 0 {
            unprocessed.extend(payloads(dispatcher.flush().await));
        }
    }
    unprocessed.extend(payloads(dispatcher.flush().await));
    assert!((500..2_500).contains(&unprocessed.len()), "{} failed", unprocessed.len());
    let mut all = stored(&local);
    all.extend(unprocessed);
    all.sort_unstable();
    assert_eq!(all, (0..10_000).collect::<Vec<_>>(), "each is stored or returned, once");
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_no_linger() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).linger(Duration::from_mins(1));
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    let started = Instant::now();
    dispatcher.submit(7).await.unwrap();
    assert!(dispatcher.flush().await.is_empty());
    assert_eq!((stored(&local), started.elapsed()), (vec![7], Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_is_given_up_takes_nothing() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).chance(0.5));
    let sink = orders(&local).retry_limit(2).expo_backoff(Duration::from_secs(1));
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    for number in 0..200 {
        dispatcher.submit(number).await.unwrap();
    }
    let mut given_up = 0;
    let unprocessed = loop {
        match tokio::time::timeout(Duration::from_millis(50), dispatcher.flush()).await {
            Ok(unprocessed) => break payloads(unprocessed),
            Err(_) => given_up += 1,
        }
    };
    assert!(given_up > 10, "{given_up}");
    let mut all = stored(&local);
    assert_eq!(all.len() + unprocessed.len(), 200);
    all.extend(unprocessed);
    all.sort_unstable();
    assert_eq!(all, (0..200).collect::<Vec<_>>());
}
