//! Several messages in one entry.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, stream};

use super::fake::{Act, Fake};
use super::{numbered, owing};
use crate::batch::{BatchSink, Ordering};
use crate::codec::{Framed, Lines, List, Single};
use crate::{ErrorKind, Message};

fn lines(service: &Fake) -> Vec<Vec<String>> {
    let of = |data: &Bytes| std::str::from_utf8(data).unwrap().lines().map(str::to_owned).collect();
    service.stored().iter().map(|entry| of(&entry.data)).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_key_share_a_record_and_keep_their_order() {
    let service = Fake::storing();
    let sink = BatchSink::builder().build(service.clone()).unwrap().framed(Arc::new(Lines));
    let (tracker, messages) = owing(1_000, |number| format!("key-{}", number % 3));
    stream::iter(messages).map(Ok).forward(sink).await.unwrap();
    assert_eq!(tracker.in_flight(), 0);
    assert_eq!(service.stored().len(), 3);
    for (entry, lines) in service.stored().iter().zip(lines(&service)) {
        let key: usize = entry.key.partition_key()[4..].parse().unwrap();
        assert_eq!(lines, (0..1_000).skip(key).step_by(3).map(|n: u32| n.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_share_records_under_a_generated_key_each() {
    let service = Fake::storing();
    let builder = BatchSink::builder().frame_size(100);
    let sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    let messages = (0..90).map(|_| Ok(Message::new(Bytes::from_static(b"123456789"))));
    stream::iter(messages).forward(sink).await.unwrap();
    assert_eq!(service.stored().len(), 9);
    assert!(service.stored().iter().all(|entry| entry.data.len() == 100));
    assert_eq!(service.requests().len(), 1);
    let stored = service.stored();
    assert_ne!(stored[0].key, stored[1].key);
}

#[tokio::test(start_paused = true)]
async fn a_frame_grows_while_its_key_is_busy() {
    let service = Fake::storing().latency(Duration::from_secs(1));
    let builder = BatchSink::builder().linger(Duration::ZERO);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    for number in 0..10 {
        sink.feed(numbered("a", number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sink.close().await.unwrap();
    let lengths: Vec<_> = lines(&service).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_closes_when_it_is_full_and_a_larger_message_travels_alone() {
    let service = Fake::storing();
    let builder = BatchSink::builder().frame_size(20).frame_messages(3).record_bytes(60);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    for text in ["1", "2", "3", "4", "0123456789", "0123456789", &"x".repeat(50), "5"] {
        sink.feed(Message::keyed(Bytes::from(text.to_owned()), "a")).await.unwrap();
    }
    sink.close().await.unwrap();
    let lengths: Vec<_> = lines(&service).iter().map(Vec::len).collect();
    assert_eq!(lengths, [3, 2, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_framed_message_that_fits_no_record_fails_alone() {
    let service = Fake::storing();
    let builder = BatchSink::builder().frame_size(20).record_bytes(20);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(List));
    sink.feed(Message::keyed("\"45678901234567\"".into(), "ab")).await.unwrap();
    let error = sink.feed(Message::keyed("\"456789012345678\"".into(), "ab")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    sink.close().await.unwrap();
    assert_eq!(service.stored()[0].bytes(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_framed_fails_alone() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap().framed(Arc::new(Lines));
    let error = sink.feed(Message::keyed("two\nlines".into(), "a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert_eq!(error.into_undelivered()[0].message().payload(), "two\nlines");
    sink.send(Message::keyed("one".into(), "a")).await.unwrap();
    assert_eq!(lines(&service), [["one"]]);
}

#[tokio::test(start_paused = true)]
async fn a_framing_that_does_not_join_keeps_one_message_a_record() {
    let service = Fake::storing();
    let sink = BatchSink::builder().build(service.clone()).unwrap().framed(Arc::new(Single));
    let messages = (0..10).map(|number| Ok(numbered(format!("key-{number}"), number)));
    stream::iter(messages).forward(sink).await.unwrap();
    assert_eq!(service.numbers(None), (0..10).collect::<Vec<_>>());
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_message_of_a_failed_frame_is_handed_back_unframed() {
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Invalid)));
    let mut sink = BatchSink::builder().build(service).unwrap().framed(Arc::new(Lines));
    for number in 0..5 {
        sink.feed(numbered("a", number)).await.unwrap();
    }
    let undelivered = sink.drain().await;
    let payloads: Vec<_> = undelivered.iter().map(|each| each.message().payload().clone()).collect();
    assert_eq!(payloads, ["0", "1", "2", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn without_order_frames_of_one_key_fly_together() {
    let service = Fake::storing();
    let builder = BatchSink::builder().ordering(Ordering::None).frame_size(100).batch_records(2);
    let sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    let messages = (0..80).map(|_| Ok(Message::keyed(Bytes::from_static(b"123456789"), "a")));
    stream::iter(messages).forward(sink).await.unwrap();
    assert_eq!(service.stored().len(), 8);
    assert_eq!(service.most_in_flight(), 4);
}

#[tokio::test(start_paused = true)]
async fn poll_ready_closes_lingering_frames_when_the_queue_is_full() {
    let service = Fake::storing();
    let builder = BatchSink::builder().linger(Duration::from_mins(1)).max_queue(4);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    let started = tokio::time::Instant::now();
    for number in 0..8 {
        sink.feed(numbered(format!("key-{}", number % 2), number)).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(lines(&service), [["0", "2"], ["1", "3"]]);
}

#[tokio::test(start_paused = true)]
async fn messages_of_two_keys_never_share_a_record_though_the_framing_came_late() {
    let service = Fake::storing();
    let builder = BatchSink::builder().ordering(Ordering::None);
    let mut sink = builder.build(service.clone()).unwrap();
    for number in 0..4 {
        sink.feed(numbered(format!("key-{}", number / 2), number)).await.unwrap();
    }
    tokio::task::yield_now().await;
    let mut sink = sink.framed(Arc::new(Lines));
    sink.close().await.unwrap();
    assert_eq!(lines(&service), [["0", "1"], ["2", "3"]]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_full_by_what_it_holds_and_not_by_its_keys() {
    let service = Fake::storing();
    let builder = BatchSink::builder().frame_size(1_000).batch_records(1);
    let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
    let key = "k".repeat(200);
    for _ in 0..100 {
        sink.feed(Message::keyed(Bytes::from_static(b"123456789"), key.as_str())).await.unwrap();
    }
    sink.close().await.unwrap();
    assert_eq!(service.stored().len(), 1, "1,000 bytes of lines make one frame");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_stay_as_they_are_are_not_copied() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap().framed(Arc::new(Single));
    let payload = Bytes::from(vec![7; 1_000]);
    sink.feed(Message::keyed(payload.clone(), "a")).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(service.stored()[0].data.as_ptr(), payload.as_ptr());
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_key_may_be_many_times_as_long_as_a_frame() {
    for ordering in [Ordering::PerKey, Ordering::None] {
        let service = Fake::storing();
        let builder = BatchSink::builder().frame_size(10).ordering(ordering);
        let mut sink = builder.build(service.clone()).unwrap().framed(Arc::new(Lines));
        sink.send(Message::new("x".repeat(50).into())).await.unwrap();
        sink.send(Message::keyed("x".repeat(50).into(), "a")).await.unwrap();
        assert_eq!(service.stored().len(), 2);
    }
}
