//! How a dispatcher ends.

use std::time::Duration;

use headwater::{Delivery, ErrorKind, MemoryStream};
use headwater_local::{ErrorCode, Fault, LocalKinesis, Operation};
use tokio::time::{Instant, sleep};

use super::{inject, orders, payloads, stored};
use crate::{Dispatcher, codec};

#[tokio::test(start_paused = true)]
async fn close_sends_what_lingers_and_returns_the_rest_within_its_deadline() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let sink = orders(&local).linger(Duration::from_mins(1)).close_deadline(Duration::from_secs(5));
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).skip(2));
    let started = Instant::now();
    for number in 0..5 {
        dispatcher.submit(number).await.unwrap();
    }
    let unprocessed = dispatcher.close().await;
    assert!((5..6).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(unprocessed.iter().all(|failed| failed.reason().kind() == ErrorKind::Timeout));
    let mut all = stored(&local);
    all.extend(payloads(unprocessed));
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);

    let error = dispatcher.submit(5).await.unwrap_err();
    assert_eq!((error.reason().kind(), *error.payload()), (ErrorKind::Closed, 5));
    assert!(dispatcher.close().await.is_empty());
    assert!(dispatcher.flush().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn close_returns_what_no_flush_has_taken() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).times(1));
    let sink = orders(&local).retry_limit(0);
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    dispatcher.submit(0).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    dispatcher.submit(1).await.unwrap();
    assert_eq!(payloads(dispatcher.close().await), [0]);
    assert_eq!(stored(&local), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_returns_everything_once_and_ends_the_dispatcher() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let mut dispatcher = Dispatcher::over(orders(&local), codec::json::<u32>()).connect().await.unwrap();
    inject(&local, Fault::fail_calls(ErrorCode::AccessDenied).on(Operation::PutRecords));
    for number in 0..2_000 {
        dispatcher.submit(number).await.unwrap();
    }
    let unprocessed = dispatcher.flush().await;
    assert!(unprocessed.iter().all(|failed| failed.reason().kind() == ErrorKind::AccessDenied));
    assert_eq!(payloads(unprocessed), (0..2_000).collect::<Vec<_>>());
    assert!(dispatcher.flush().await.is_empty());
    let error = dispatcher.submit(7).await.unwrap_err();
    assert_eq!((error.reason().kind(), error.delivery()), (ErrorKind::Closed, Delivery::NotStored));
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    assert!(dispatcher.close().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_is_dropped_still_sends_what_it_accepted() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let dead_letters = MemoryStream::new("dead-letters", 1);
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).skip(2).times(1));
    let sink = orders(&local).retry_limit(0).dead_letters(dead_letters.sink());
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    for number in 0..4 {
        dispatcher.submit(number).await.unwrap();
    }
    drop(dispatcher);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&local).len(), 3);
    assert_eq!(dead_letters.records().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_a_dispatcher_lives_its_flush_comes_before_the_dead_letters() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let dead_letters = MemoryStream::new("dead-letters", 1);
    inject(&local, Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).times(1));
    let sink = orders(&local).retry_limit(0).dead_letters(dead_letters.sink());
    let mut dispatcher = Dispatcher::over(sink, codec::json::<u32>()).connect().await.unwrap();
    dispatcher.submit(7).await.unwrap();
    assert_eq!(payloads(dispatcher.flush().await), [7]);
    assert!(dead_letters.records().is_empty());
}
