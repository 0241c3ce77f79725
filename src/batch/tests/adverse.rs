//! Framings that panic, tasks that share a sink, settings and times at their ends.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, SinkExt};
use tokio::time::timeout;

use super::fake::{Act, Fake};
use super::{numbered, owing};
use crate::batch::{Batch, BatchResponse, BatchSink, Ordering};
use crate::codec::{Frame, Framed, Framing, Lines, Split};
use crate::{Delivery, ErrorKind, Headers, Key, Message, Result};

/// Panics over the message `6`.
#[derive(Debug)]
struct Superstitious;

struct SuperstitiousFrame(Box<dyn Frame>);

impl Framing for Superstitious {
    fn name(&self) -> &'static str {
        "superstitious"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(SuperstitiousFrame(Lines.open()))
    }

    fn split(&self, record: &Bytes) -> Split {
        Lines.split(record)
    }
}

impl Frame for SuperstitiousFrame {
    fn len_with(&self, key: &Key, payload: &[u8], headers: &Headers) -> usize {
        self.0.len_with(key, payload, headers)
    }

    fn push(&mut self, key: &Key, payload: &[u8], headers: &Headers) {
        assert_ne!(payload, b"6");
        self.0.push(key, payload, headers);
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn finish(&mut self) -> Bytes {
        self.0.finish()
    }
}

#[tokio::test(start_paused = true)]
async fn every_message_is_handed_back_though_the_framing_panicked() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap().framed(Arc::new(Superstitious));
    let (tracker, messages) = owing(10, |number| format!("key-{}", number / 4));
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    let undelivered = timeout(Duration::from_mins(1), sink.drain()).await.expect("drain ends");
    assert_eq!(undelivered.len(), 10);
    assert_eq!((tracker.in_flight(), tracker.abandoned()), (10, None));
    assert!(service.requests().is_empty());
    assert_eq!(sink.send(numbered("a", 1)).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_part_filled_frame_is_never_starved_by_full_ones() {
    let service = Fake::storing();
    let builder = BatchSink::builder().batch_records(2).max_in_flight(1).frame_size(100).max_queue(200);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    sink.feed(Message::keyed(Bytes::from_static(b"a"), "k")).await.unwrap();
    // More than the service takes: full frames always wait.
    for _ in 0..5_000 {
        sink.feed(Message::new(Bytes::from_static(b"123456789"))).await.unwrap();
    }
    let request = service
        .requests()
        .iter()
        .position(|request| request.entries().iter().any(|entry| entry.key.partition_key() == "k"));
    // It lingers for 100 ms, and a request takes 10 ms.
    assert!(request.is_some_and(|request| request <= 12), "{request:?} of {}", service.requests().len());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_every_task_that_waits() {
    let service = Fake::scripted(|request, batch| match request {
        0 => Act::refuse(batch, |_| Some(ErrorKind::Invalid)),
        _ => Act::Hang,
    });
    let builder = BatchSink::builder().linger(Duration::ZERO).max_queue(2).batch_records(1);
    let mut sink = builder.build(service).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    sink.feed(numbered("b", 1)).await.unwrap();
    let sink = Arc::new(Mutex::new(sink));
    let (sending, flushing) = (Arc::clone(&sink), Arc::clone(&sink));
    let send = tokio::spawn(poll_fn(move |cx| sending.lock().unwrap().poll_ready_unpin(cx)));
    let flush = tokio::spawn(poll_fn(move |cx| flushing.lock().unwrap().poll_flush_unpin(cx)));
    let (send, flush) = timeout(Duration::from_mins(1), async { (send.await, flush.await) }).await.unwrap();
    let told = [send.unwrap(), flush.unwrap()].into_iter().filter_map(Result::err);
    let undelivered: usize = told.map(|error| error.undelivered_len()).sum();
    assert_eq!(undelivered, 2);
}

#[tokio::test(start_paused = true)]
async fn any_number_of_requests_may_be_allowed() {
    let service = Fake::storing();
    let builder = BatchSink::builder().max_in_flight(usize::MAX).batch_records(1).linger(Duration::ZERO);
    let mut sink = builder.build(service.clone()).unwrap();
    for number in 0..100 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    sink.close().await.unwrap();
    assert_eq!((service.most_in_flight(), service.stored().len()), (100, 100));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_deadline_is_over() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let service = tower::service_fn(move |_: Batch| {
        *counted.lock().unwrap() += 1;
        pending::<Result<BatchResponse>>()
    });
    let mut sink = BatchSink::builder().close_deadline(Duration::ZERO).build(service).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    let undelivered = sink.close().await.unwrap_err().into_undelivered();
    assert_eq!((undelivered[0].delivery(), *calls.lock().unwrap()), (Delivery::NotStored, 0));
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_full_by_their_messages_never_wait_for_a_linger() {
    let service = Fake::storing();
    let builder = BatchSink::builder().linger(Duration::from_mins(1)).frame_messages(10).batch_records(5);
    let builder = builder.ordering(Ordering::None);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    for number in 0..75 {
        sink.feed(numbered("a", number)).await.unwrap();
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_an_outage_refused_may_be_stored() {
    for (kind, delivery) in [
        (ErrorKind::Throttled, Delivery::NotStored),
        (ErrorKind::Invalid, Delivery::NotStored),
        (ErrorKind::Unavailable, Delivery::Unknown),
        (ErrorKind::Timeout, Delivery::Unknown),
    ] {
        let service = Fake::scripted(move |_, batch| Act::refuse(batch, |_| Some(kind)));
        let mut sink = BatchSink::builder().retry_limit(0).build(service).unwrap();
        sink.feed(numbered("a", 0)).await.unwrap();
        assert_eq!(sink.drain().await[0].delivery(), delivery, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_was_given_up_leaves_the_linger_as_it_was() {
    let service = Fake::storing().latency(Duration::from_millis(50));
    let mut sink = BatchSink::builder().linger(Duration::from_millis(200)).build(service.clone()).unwrap();
    sink.feed(numbered("key", 0)).await.unwrap();
    assert!(sink.drain().now_or_never().is_none());
    for number in 1..100 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sink.close().await.unwrap();
    assert!(service.requests().len() <= 10, "{} requests", service.requests().len());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_with_its_time_to_live_though_a_layer_never_gets_ready() {
    let never = tower::service_fn(|_: Batch| pending::<Result<BatchResponse>>());
    let mut sink = BatchSink::builder().time_to_live(Duration::from_secs(5)).build(never).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    let returned = timeout(Duration::from_secs(20), sink.drain()).await.expect("bounded");
    assert_eq!(returned[0].delivery(), Delivery::Unknown);
    assert_eq!(returned[0].reason().kind(), ErrorKind::Timeout);
}
