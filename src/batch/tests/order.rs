//! Order per key.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt, stream};

use super::fake::{Act, Fake, number};
use super::numbered;
use crate::batch::{BatchSink, Flushed, OnKeyFailure, Ordering, Producing};
use crate::{Delivery, ErrorKind, HashKey, Key, Message, Undelivered};

/// Refuses every fifth entry.
fn flaky() -> Fake {
    let mut entries = 0;
    Fake::scripted(move |_, batch| {
        Act::refuse(batch, |_| {
            entries += 1;
            (entries % 5 == 0).then_some(ErrorKind::Throttled)
        })
    })
}

#[tokio::test(start_paused = true)]
async fn per_key_order_survives_throttling_partial_failure_and_retry() {
    let service = flaky();
    let sink = BatchSink::builder().build(service.clone()).unwrap();
    let messages = (0..2_000).map(|number| Ok(numbered(format!("key-{}", number % 20), number)));
    stream::iter(messages).forward(sink).await.unwrap();
    for key in 0..20 {
        let numbers = service.numbers(Some(&format!("key-{key}")));
        assert_eq!(numbers, (0..100).map(|nth| nth * 20 + key).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_never_has_two_unsettled_entries_nor_two_in_one_request() {
    let service = Fake::storing();
    let sink = BatchSink::builder().max_in_flight(8).build(service.clone()).unwrap();
    let messages = (0..1_000).map(|number| Ok(numbered(format!("key-{}", number % 7), number)));
    stream::iter(messages).forward(sink).await.unwrap();
    for request in service.requests() {
        let keys: HashSet<_> = request.entries().iter().map(|entry| &entry.key).collect();
        assert_eq!(keys.len(), request.records());
    }
    // Each round trip takes at most one entry of each key, so no two requests were ever in flight.
    assert_eq!(service.most_in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_that_differ_in_their_explicit_hash_key_have_an_order_each() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for hash in 0..2 {
        let key = Key::from("a").hashed(HashKey::new(hash));
        sink.feed(Message::keyed("0".into(), key)).await.unwrap();
    }
    sink.close().await.unwrap();
    assert_eq!(service.requests().len(), 1);
    assert_eq!(service.requests()[0].records(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_order_one_key_fills_requests_and_all_of_them_fly() {
    let service = Fake::storing();
    let sink = BatchSink::builder().ordering(Ordering::None).build(service.clone()).unwrap();
    stream::iter((0..2_000).map(|number| Ok(numbered("a", number)))).forward(sink).await.unwrap();
    assert_eq!(service.requests().iter().map(crate::batch::Batch::records).collect::<Vec<_>>(), [500; 4]);
    assert_eq!(service.most_in_flight(), 4);
    let mut numbers = service.numbers(None);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
}

/// Refuses the second message of key `a` for good.
fn refusing_number_two() -> Fake {
    Fake::scripted(|_, batch| {
        Act::refuse(batch, |entry| {
            (entry.key.partition_key() == "a" && number(entry) == 2).then_some(ErrorKind::Invalid)
        })
    })
}

#[tokio::test(start_paused = true)]
async fn the_later_messages_of_a_failed_key_are_handed_back_in_order() {
    let service = refusing_number_two();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 1..=5 {
        sink.feed(numbered("a", number)).await.unwrap();
        sink.feed(numbered("b", number)).await.unwrap();
    }
    let undelivered = sink.drain().await;
    let payloads: Vec<_> = undelivered.iter().map(|each| each.message().payload().clone()).collect();
    assert_eq!(payloads, ["2", "3", "4", "5"]);
    assert!(undelivered.iter().all(|each| each.delivery() == Delivery::NotStored));
    assert_eq!(undelivered[1].reason().kind(), ErrorKind::Undelivered);
    assert_eq!(service.numbers(Some("a")), [1]);
    assert_eq!(service.numbers(Some("b")), [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_follows_the_failure_of_its_key_is_handed_back_until_that_is_known() {
    let service = refusing_number_two();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    // Accepted after the failure, and before the handle could see it.
    sink.feed(numbered("a", 2)).await.unwrap();
    std::future::poll_fn(|cx| sink.poll_ready_unpin(cx)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    sink.start_send_unpin(numbered("a", 3)).unwrap();
    assert_eq!(sink.drain().await.len(), 2);
    sink.send(numbered("a", 4)).await.unwrap();
    assert_eq!(service.numbers(Some("a")), [4]);
}

#[tokio::test(start_paused = true)]
async fn the_later_messages_of_a_failed_key_go_on_where_the_user_asked_for_it() {
    let service = refusing_number_two();
    let builder = BatchSink::builder().on_key_failure(OnKeyFailure::Continue);
    let mut sink = builder.build(service.clone()).unwrap();
    for number in 1..=4 {
        sink.feed(numbered("a", number)).await.unwrap();
    }
    assert_eq!(sink.drain().await.len(), 1);
    assert_eq!(service.numbers(Some("a")), [1, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_on_as_soon_as_a_receipt_has_told_of_its_failure() {
    let service = refusing_number_two();
    let producer = BatchSink::builder().build(service.clone()).unwrap().producer();
    let first = producer.put(numbered("a", 2)).await.unwrap();
    let follower = producer.put(numbered("a", 3)).await.unwrap();
    assert_eq!(first.await.unwrap_err().kind(), ErrorKind::Invalid);
    let again = producer.put(numbered("a", 4)).await.unwrap();
    assert_eq!(follower.await.unwrap_err().kind(), ErrorKind::Undelivered);
    assert_eq!(again.await.unwrap().attempts(), 1);
    assert_eq!(service.numbers(Some("a")), [4]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_free_a_key_whose_failure_nobody_knows_yet() {
    let service = refusing_number_two();
    let flush: Arc<Mutex<Option<BoxFuture<'static, Vec<Undelivered>>>>> = Arc::default();
    let begun = Arc::clone(&flush);
    // It ends at the worst time: the engine knows of the failure, and has not told.
    let on_flush = move |flushed: &Flushed| {
        if flushed.failed > 0
            && let Some(flush) = begun.lock().unwrap().take()
        {
            assert!(flush.now_or_never().expect("what came before it is stored").is_empty());
        }
    };
    let builder = BatchSink::builder().linger(Duration::ZERO).on_flush(on_flush);
    let producer = builder.build(service.clone()).unwrap().producer();
    producer.send(numbered("z", 1)).await.unwrap();
    let flushing = producer.clone();
    let mut begin: BoxFuture<'static, _> = Box::pin(async move { flushing.flush().await });
    assert!((&mut begin).now_or_never().is_none());
    *flush.lock().unwrap() = Some(begin);
    tokio::time::sleep(Duration::from_millis(5)).await;
    producer.send(numbered("a", 2)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(flush.lock().unwrap().is_none());
    producer.send(numbered("a", 3)).await.unwrap();
    assert_eq!(producer.flush().await.len(), 2, "both, to be sent again in their order");
}
