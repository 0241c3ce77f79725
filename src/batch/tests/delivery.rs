//! What is acked, and what is handed back.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, stream};
use tower::ServiceBuilder;

use super::fake::{Act, Fake, number};
use super::{after, numbered, owing};
use crate::batch::BatchSink;
use crate::service::{RetryConfig, RetryLayer, TimeoutLayer};
use crate::{Delivery, Error, ErrorKind, Message};

#[tokio::test(start_paused = true)]
async fn a_message_is_acked_only_after_it_is_confirmed() {
    let service = Fake::storing().latency(Duration::from_millis(500));
    let mut sink = BatchSink::builder().linger(Duration::ZERO).build(service).unwrap();
    let (tracker, messages) = owing(3, |number| format!("key-{number}"));
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(499)).await;
    assert_eq!(tracker.watermark(), None);
    sink.flush().await.unwrap();
    assert_eq!(tracker.watermark().unwrap().position, after(2));
    assert_eq!(sink.status().stored(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_source_is_never_acked_for_a_record_that_the_sink_could_not_deliver() {
    let service = Fake::scripted(|_, batch| {
        Act::refuse(batch, |entry| (number(entry) == 7).then_some(ErrorKind::Invalid))
    });
    let sink = BatchSink::builder().build(service.clone()).unwrap();
    let (tracker, messages) = owing(20, |number| format!("key-{number}"));

    let error = stream::iter(messages).map(Ok).forward(sink).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Undelivered);
    assert_eq!(tracker.watermark().unwrap().position, after(6));
    let undelivered = error.into_undelivered();
    assert_eq!(undelivered.len(), 1);
    assert_eq!(undelivered[0].message().payload(), "7");
    assert_eq!(undelivered[0].delivery(), Delivery::NotStored);
    assert_eq!(tracker.abandoned(), None, "the error still owns the debt");
    drop(undelivered);
    assert_eq!(tracker.abandoned(), Some(after(7)));
    assert_eq!(service.numbers(None).len(), 19);
}

#[tokio::test(start_paused = true)]
async fn any_error_code_on_one_record_fails_or_retries_that_record_alone() {
    for kind in [
        ErrorKind::Invalid,
        ErrorKind::NotFound,
        ErrorKind::AccessDenied,
        ErrorKind::NotReady,
        ErrorKind::Throttled,
        ErrorKind::Unavailable,
        ErrorKind::Timeout,
    ] {
        let service = Fake::scripted(move |request, batch| {
            Act::refuse(batch, |entry| (request == 0 && number(entry) == 3).then_some(kind))
        });
        let mut sink = BatchSink::builder().build(service.clone()).unwrap();
        for number in 0..10 {
            sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
        }
        let undelivered = sink.drain().await;
        let mut stored = service.numbers(None);
        stored.sort_unstable();
        if kind.is_retryable() {
            assert!(undelivered.is_empty());
            assert_eq!(stored, (0..10).collect::<Vec<_>>());
            assert_eq!(service.requests()[1].records(), 1, "only the refused record is sent again");
        } else {
            assert_eq!(undelivered.len(), 1);
            assert_eq!(undelivered[0].reason().kind(), kind);
            assert_eq!(stored, [0, 1, 2, 4, 5, 6, 7, 8, 9]);
            assert_eq!(service.requests().len(), 1, "a fatal code is one call");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_can_never_be_sent_fails_alone() {
    let service = Fake::storing();
    let mut sink =
        BatchSink::builder().name("orders").record_bytes(100).frame_size(100).build(service.clone()).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let (tracker, mut messages) = owing(1, |_| "k".repeat(100));
    let error = sink.feed(messages.remove(0)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "send to \"orders\": a record of 101 bytes, its key included: at most 100 are allowed"
    );
    sink.feed(numbered("a", 2)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(service.numbers(None), [1, 2]);
    let mut undelivered = error.into_undelivered();
    assert_eq!(undelivered[0].delivery(), Delivery::NotStored);
    assert_eq!(tracker.abandoned(), None);
    undelivered.remove(0).into_message().ack();
    assert_eq!(tracker.watermark().unwrap().position, after(0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_too_few_entries_is_never_guessed_from() {
    let service = Fake::scripted(|request, batch| match request {
        0 => Act::Misanswer,
        _ => Act::refuse(batch, |_| Some(ErrorKind::Invalid)),
    });
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    let (tracker, messages) = owing(1, |_| "a".into());
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    let undelivered = sink.drain().await;
    assert_eq!(tracker.watermark(), None);
    assert_eq!(undelivered[0].delivery(), Delivery::Unknown, "the first attempt may have stored it");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_the_delivery_unknown() {
    let service = Fake::scripted(|request, batch| match request {
        0 => Act::Lose,
        _ => Act::refuse(batch, |_| Some(ErrorKind::Throttled)),
    });
    let retries = RetryLayer::new(RetryConfig::default()).unwrap();
    let service = ServiceBuilder::new().layer(retries).service(service);
    let mut sink = BatchSink::builder().retry_limit(0).build(service).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let undelivered = sink.drain().await;
    assert_eq!(undelivered[0].delivery(), Delivery::Unknown);
    assert_eq!(undelivered[0].reason().kind(), ErrorKind::Throttled);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_answers_times_out_and_is_retried() {
    let service =
        Fake::scripted(|request, batch| if request == 0 { Act::Hang } else { Act::store_all(batch) });
    let timeout = TimeoutLayer::new("put", Duration::from_secs(5));
    let stack = ServiceBuilder::new().layer(timeout).service(service.clone());
    let mut sink = BatchSink::builder().build(stack).unwrap();
    sink.send(numbered("a", 1)).await.unwrap();
    assert_eq!(service.requests().len(), 2);
    assert_eq!(sink.status().retried(), 1);
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_get_one_each() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 0..3_u32 {
        sink.feed(Message::new(Bytes::from(number.to_string()))).await.unwrap();
    }
    sink.close().await.unwrap();
    let mut keys: Vec<_> = service.stored().into_iter().map(|entry| entry.key).collect();
    keys.sort_unstable_by(|a, b| a.partition_key().cmp(b.partition_key()));
    keys.dedup();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key.partition_key().len() == 36));
}

#[tokio::test(start_paused = true)]
async fn drain_returns_each_unsent_message_once_with_its_reason_and_the_sink_goes_on() {
    let service = Fake::scripted(|_, batch| {
        Act::refuse(batch, |entry| (number(entry) % 2 == 1).then_some(ErrorKind::Invalid))
    });
    let mut sink = BatchSink::builder().name("orders").build(service.clone()).unwrap();
    for number in 0..4 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    let undelivered = sink.drain().await;
    assert_eq!(undelivered.len(), 2);
    let reason = undelivered[0].reason().to_string();
    assert_eq!(reason, "put to \"orders\" failed after 1 attempt in 10.0ms: InvalidException: no");
    assert!(sink.drain().await.is_empty());
    sink.send(numbered("key-1", 4)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(service.numbers(None), [0, 2, 4]);
    assert_eq!(sink.status().failed(), 2);
}

/// The error type of a sink is the one of a source, or `forward` would not take them together.
#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_leaves_what_was_accepted_to_be_sent() {
    let service = Fake::storing();
    let sink = BatchSink::builder().build(service.clone()).unwrap();
    let failing = stream::iter([Ok(numbered("a", 1)), Err(Error::new(ErrorKind::Stage, "map"))]);
    assert_eq!(failing.forward(sink).await.unwrap_err().kind(), ErrorKind::Stage);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(service.numbers(None), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_what_came_after_one_that_was_given_up() {
    let service = Fake::storing().latency(Duration::from_secs(1));
    let mut sink = BatchSink::builder().linger(Duration::ZERO).build(service).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(500), sink.flush()).await.is_err());
    sink.feed(numbered("b", 1)).await.unwrap();
    sink.flush().await.unwrap();
    assert_eq!(sink.status().stored(), 2);
}
