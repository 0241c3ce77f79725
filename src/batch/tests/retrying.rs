//! Backoff, retry limit, time to live.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::SinkExt;
use tokio::time::Instant;

use super::fake::{Act, Fake, number};
use super::numbered;
use crate::ErrorKind;
use crate::batch::BatchSink;

/// Refuses everything, and notes when.
fn throttled() -> (Fake, Arc<Mutex<Vec<Instant>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let service = Fake::scripted(move |_, batch| {
        noted.lock().unwrap().push(Instant::now());
        Act::refuse(batch, |_| Some(ErrorKind::Throttled))
    });
    (service.latency(Duration::ZERO), calls)
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_given_up_after_its_retry_limit() {
    let (service, calls) = throttled();
    let mut sink = BatchSink::builder().retry_limit(4).build(service).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let undelivered = sink.drain().await;
    assert_eq!(calls.lock().unwrap().len(), 5);
    assert_eq!(undelivered[0].reason().kind(), ErrorKind::Throttled);
    assert!(undelivered[0].reason().to_string().contains("after 5 attempts"), "{:?}", undelivered[0]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_given_up_when_its_time_is_over_counted_from_its_first_attempt() {
    let (service, calls) = throttled();
    let ten = Duration::from_secs(10);
    let builder = BatchSink::builder().linger(ten).time_to_live(3 * ten);
    let mut sink = builder.build(service).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let started = Instant::now();
    let error = sink.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undelivered);
    let calls = calls.lock().unwrap();
    let (first, last) = (calls[0], calls[calls.len() - 1]);
    assert!(first - started >= ten, "it lingered first");
    // The last attempt lingered for company, as the first did.
    assert!((2 * ten..4 * ten).contains(&(last - first)), "{:?}", last - first);
}

#[tokio::test(start_paused = true)]
async fn backoffs_grow_to_their_limit() {
    let (service, calls) = throttled();
    let builder = BatchSink::builder().linger(Duration::ZERO).expo_backoff_limit(Duration::from_secs(2));
    let mut sink = builder.time_to_live(Duration::from_mins(10)).build(service).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    sink.drain().await;
    let calls = calls.lock().unwrap();
    // Full jitter up to 2 s: about one call a second.
    assert!((300..1_200).contains(&calls.len()), "{} calls", calls.len());
    let gaps = calls.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.max().unwrap() <= Duration::from_millis(2_002));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_entry_slows_only_its_own_key() {
    let service = Fake::scripted(|_, batch| {
        Act::refuse(batch, |entry| (entry.key.partition_key() == "slow").then_some(ErrorKind::Throttled))
    });
    let builder =
        BatchSink::builder().linger(Duration::from_millis(5)).close_deadline(Duration::from_secs(1));
    let mut sink = builder.build(service.clone()).unwrap();
    sink.feed(numbered("slow", 0)).await.unwrap();
    let started = Instant::now();
    let status = sink.status();
    for number in 1..=100 {
        sink.feed(numbered("fast", number)).await.unwrap();
    }
    while status.stored() < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let per_message = started.elapsed() / 100;
    assert!(per_message < Duration::from_millis(16), "{per_message:?} where a round trip takes 10 ms");
    assert_eq!(service.numbers(None), (1..=100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_whole_in_passing_is_sent_again() {
    let service = Fake::scripted(|request, batch| match request {
        0 => Act::Fail(ErrorKind::Unavailable),
        1 => Act::Fail(ErrorKind::Throttled),
        _ => Act::store_all(batch),
    });
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 0..20 {
        sink.feed(numbered(format!("key-{}", number % 2), number)).await.unwrap();
    }
    sink.close().await.unwrap();
    let numbers: Vec<u32> = service.stored().iter().map(number).collect();
    assert_eq!(numbers.len(), 20);
    assert!(service.numbers(Some("key-0")).is_sorted() && service.numbers(Some("key-1")).is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_whole_comes_back_in_one_piece() {
    let service =
        Fake::scripted(
            |request, batch| {
                if request < 4 { Act::Fail(ErrorKind::Unavailable) } else { Act::store_all(batch) }
            },
        );
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 0..500 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    sink.flush().await.unwrap();
    assert_eq!(service.requests().len(), 5);
}
