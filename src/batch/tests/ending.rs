//! Fatal errors, close and drop.

use std::time::Duration;

use futures::{SinkExt, StreamExt, stream};
use tokio::time::Instant;

use super::fake::{Act, Fake, number};
use super::{numbered, owing};
use crate::batch::BatchSink;
use crate::{Delivery, ErrorKind, Undelivered};

#[tokio::test(start_paused = true)]
async fn a_fatal_error_makes_no_more_than_one_call_per_request() {
    for kind in [ErrorKind::NotFound, ErrorKind::AccessDenied, ErrorKind::Invalid] {
        let service = Fake::scripted(move |_, _| Act::Fail(kind));
        let sink = BatchSink::builder().max_in_flight(4).batch_records(10).build(service.clone()).unwrap();
        let status = sink.status();
        let (tracker, messages) = owing(1000, |number| format!("key-{number}"));
        let error = stream::iter(messages).map(Ok).forward(sink).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(service.requests().len() <= 4, "{} calls", service.requests().len());
        assert_eq!((error.undelivered_len(), status.failed()), (1000, 1000));
        assert_eq!((tracker.watermark(), tracker.abandoned()), (None, None));
        let unknown = |each: &Undelivered| each.delivery() == Delivery::Unknown;
        let unknown = error.into_undelivered().iter().filter(|each| unknown(each)).count();
        assert!(unknown <= 30, "{unknown}: the other requests in flight");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_is_told_once_and_ends_the_sink() {
    let service = Fake::scripted(|_, _| Act::Fail(ErrorKind::AccessDenied));
    let mut sink = BatchSink::builder().name("orders").build(service).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let error = sink.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(error.to_string(), "put to \"orders\": 1 message not delivered: fail the request");
    assert_eq!(error.undelivered_len(), 1);
    let error = sink.send(numbered("a", 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    sink.flush().await.unwrap();
    sink.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_failed_message_ends_a_plain_sink_once_its_neighbours_are_settled() {
    let service = Fake::scripted(|request, batch| {
        Act::refuse(batch, |entry| match number(entry) {
            0 => Some(ErrorKind::Invalid),
            1 if request < 3 => Some(ErrorKind::Throttled),
            _ => None,
        })
    });
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 0..3 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    let error = sink.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undelivered);
    assert_eq!(error.into_undelivered()[0].message().payload(), "0");
    assert_eq!(service.numbers(None), [2, 1]);
    assert_eq!(sink.send(numbered("a", 9)).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn close_ends_within_its_deadline_and_hands_back_what_was_not_sent() {
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Throttled)));
    let mut sink = BatchSink::builder().close_deadline(Duration::from_secs(3)).build(service).unwrap();
    let (tracker, messages) = owing(50, |number| format!("key-{}", number % 10));
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    let started = Instant::now();
    let error = sink.close().await.unwrap_err();
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(error.kind(), ErrorKind::Undelivered);
    let undelivered = error.into_undelivered();
    assert_eq!(undelivered.len(), 50);
    let not_stored = undelivered.iter().filter(|each| each.delivery() == Delivery::NotStored).count();
    assert!(not_stored >= 40, "{not_stored}: those behind the first of their key were never sent");
    assert_eq!(tracker.abandoned(), None);
    assert_eq!(tracker.watermark(), None);
}

#[tokio::test(start_paused = true)]
async fn close_ends_within_its_deadline_though_a_call_never_answers() {
    let service = Fake::scripted(|_, _| Act::Hang);
    let mut sink = BatchSink::builder().build(service).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let started = Instant::now();
    let undelivered = sink.close().await.unwrap_err().into_undelivered();
    assert_eq!(started.elapsed().as_secs(), 30);
    let deliveries: Vec<_> = undelivered.iter().map(|each| (number_of(each), each.delivery())).collect();
    assert_eq!(deliveries, [(0, Delivery::Unknown), (1, Delivery::NotStored)]);
}

fn number_of(undelivered: &Undelivered) -> u32 {
    std::str::from_utf8(undelivered.message().payload()).unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn close_cuts_the_linger_short_and_flush_waits_it_out() {
    let service = Fake::storing();
    let build = || BatchSink::builder().linger(Duration::from_mins(1)).build(service.clone()).unwrap();
    let (mut flushed, mut closed) = (build(), build());
    let started = Instant::now();
    flushed.send(numbered("a", 1)).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_millis(60_010));
    let started = Instant::now();
    closed.feed(numbered("a", 1)).await.unwrap();
    closed.close().await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn send_after_close_is_an_error() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    sink.close().await.unwrap();
    let error = sink.send(numbered("a", 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    sink.close().await.unwrap();
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_sink_sends_what_it_accepted() {
    let service =
        Fake::scripted(
            |request, batch| {
                if request == 0 { Act::Fail(ErrorKind::Unavailable) } else { Act::store_all(batch) }
            },
        );
    let mut sink = BatchSink::builder().linger(Duration::from_mins(1)).build(service.clone()).unwrap();
    let (tracker, messages) = owing(10, |_| "a".into());
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    drop(sink);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(service.numbers(None), (0..10).collect::<Vec<_>>());
    assert_eq!(tracker.in_flight(), 0);
}

#[test]
fn a_sink_whose_runtime_stopped_hands_everything_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (tracker, messages) = owing(6, |number| format!("key-{}", number / 2));
    let mut sink = runtime.block_on(async {
        let builder = BatchSink::builder().linger(Duration::ZERO);
        let mut sink = builder.build(Fake::scripted(|_, _| Act::Hang)).unwrap();
        for (nth, message) in messages.into_iter().enumerate() {
            sink.feed(message).await.unwrap();
            if nth == 2 {
                // The engine takes three in, and sends the two that are the first of their keys.
                tokio::task::yield_now().await;
            }
        }
        sink
    });
    drop(runtime);
    let error = futures::executor::block_on(sink.flush()).unwrap_err();
    let undelivered = error.into_undelivered();
    let unknown = undelivered.iter().filter(|each| each.delivery() == Delivery::Unknown).count();
    assert_eq!((undelivered.len(), unknown), (6, 2));
    assert_eq!(tracker.abandoned(), None);
}

#[tokio::test(start_paused = true)]
async fn send_during_close_is_an_error_that_carries_the_message() {
    let mut sink = BatchSink::builder().build(Fake::storing()).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let pending =
        std::future::poll_fn(|cx| std::task::Poll::Ready(sink.poll_close_unpin(cx).is_pending())).await;
    assert!(pending);
    let error = sink.feed(numbered("a", 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let error = sink.start_send_unpin(numbered("a", 3)).unwrap_err();
    assert_eq!(error.into_undelivered()[0].message().payload(), "3");
    sink.close().await.unwrap();
    assert_eq!(sink.status().stored(), 1);
}
