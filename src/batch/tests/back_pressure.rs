//! How much a sink accepts, and what a sender waits for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::executor::block_on;
use futures::{SinkExt, StreamExt, join, poll, stream};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::fake::{Act, Fake};
use super::{numbered, owing};
use crate::batch::{Batch, BatchResponse, BatchSink, Ordering, Producing, Stored};
use crate::{Error, ErrorKind, Message};

#[tokio::test(start_paused = true)]
async fn ten_thousand_concurrent_sends_through_a_queue_of_one_lose_and_repeat_nothing() {
    let mut entries = 0;
    let service = Fake::scripted(move |_, batch| {
        Act::refuse(batch, |_| {
            entries += 1;
            (entries % 10 == 0).then_some(ErrorKind::Throttled)
        })
    });
    let service = service.latency(Duration::ZERO);
    let sink = BatchSink::builder().max_queue(1).build(service.clone()).unwrap();
    let status = sink.status();
    let (tracker, messages) = owing(10_000, |number| format!("key-{}", number % 100));
    let senders = messages.into_iter().map(|message| {
        Box::pin(stream::once(async move {
            tokio::task::yield_now().await;
            Ok(message)
        }))
    });
    stream::select_all(senders).forward(sink).await.unwrap();
    let mut numbers = service.numbers(None);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10_000).collect::<Vec<_>>());
    assert_eq!((status.accepted(), status.stored()), (10_000, 10_000));
    assert_eq!(tracker.in_flight(), 0);
}

/// Returns how many messages a sink accepts before it has its sender wait.
async fn accepted_at_once(
    sink: &mut BatchSink,
    mut message: impl FnMut(u32) -> Message<bytes::Bytes>,
) -> u32 {
    for number in 0.. {
        let ready = poll_fn(|cx| Poll::Ready(sink.poll_ready_unpin(cx).is_ready())).await;
        if !ready {
            return number;
        }
        sink.start_send_unpin(message(number)).unwrap();
    }
    unreachable!()
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_records_and_by_bytes() {
    let hanging = || Fake::scripted(|_, _| Act::Hang);
    let mut sink = BatchSink::builder().max_queue(7).build(hanging()).unwrap();
    assert_eq!(accepted_at_once(&mut sink, |number| numbered(format!("key-{number}"), number)).await, 7);
    let mut sink = BatchSink::builder().max_queue_bytes(1_000).build(hanging()).unwrap();
    let message = |_| Message::keyed(vec![0; 99].into(), "k");
    assert_eq!(accepted_at_once(&mut sink, message).await, 10);
    // In flight counts as well.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(accepted_at_once(&mut sink, message).await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_retry_counts_against_the_queue() {
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Throttled)));
    let builder = BatchSink::builder().max_queue(5).expo_backoff(Duration::from_mins(1));
    let mut sink = builder.expo_backoff_limit(Duration::from_mins(1)).build(service).unwrap();
    let message = |number| numbered(format!("key-{number}"), number);
    assert_eq!(accepted_at_once(&mut sink, message).await, 5);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(accepted_at_once(&mut sink, message).await, 0);
}

#[tokio::test(start_paused = true)]
async fn poll_ready_never_waits_for_a_linger() {
    let service = Fake::storing();
    let builder = BatchSink::builder().linger(Duration::from_mins(1)).max_queue(3);
    let mut sink = builder.build(service.clone()).unwrap();
    let started = Instant::now();
    for number in 0..9 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    assert_eq!(service.numbers(None), (0..6).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_full_request_never_waits_for_a_linger() {
    let service = Fake::storing();
    let builder =
        BatchSink::builder().linger(Duration::from_mins(1)).batch_records(10).ordering(Ordering::None);
    let mut sink = builder.build(service.clone()).unwrap();
    for number in 0..25 {
        sink.feed(numbered("a", number)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(service.numbers(None).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_part_filled_request_waits_for_company_as_long_as_it_lingers() {
    let service = Fake::storing();
    let mut sink = BatchSink::builder().build(service.clone()).unwrap();
    for number in 0..9 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(service.requests().is_empty());
    tokio::time::sleep(Duration::from_millis(25)).await;
    assert_eq!(service.requests().len(), 1);
    assert_eq!(service.numbers(None).len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_within_its_bytes() {
    let service = Fake::storing();
    let builder = BatchSink::builder().batch_bytes(100).record_bytes(100).frame_size(100);
    let sink = builder.ordering(Ordering::None).build(service.clone()).unwrap();
    let messages = (0..50).map(|n| Ok(Message::keyed(vec![b'0'; 10 + n % 40].into(), "k")));
    stream::iter(messages).forward(sink).await.unwrap();
    assert_eq!(service.stored().len(), 50);
    assert!(service.requests().iter().all(|request| request.bytes() <= 100));
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_fly_than_allowed() {
    let service = Fake::storing();
    let builder = BatchSink::builder().max_in_flight(2).batch_records(10).ordering(Ordering::None);
    let sink = builder.build(service.clone()).unwrap();
    stream::iter((0..500).map(|number| Ok(numbered("a", number)))).forward(sink).await.unwrap();
    assert_eq!(service.most_in_flight(), 2);
    assert_eq!(service.requests().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_send_that_did_not_wait_for_room_gets_its_message_back() {
    let mut sink = BatchSink::builder().max_queue(1).build(Fake::storing()).unwrap();
    sink.start_send_unpin(numbered("a", 1)).unwrap();
    let error = sink.start_send_unpin(numbered("a", 2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    assert_eq!(error.into_undelivered()[0].message().payload(), "2");
}

/// Handle and engine on two threads: each must see what the other did before it went to sleep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_is_lost_between_threads() {
    let service = tower::service_fn(|batch: Batch| async move {
        let stored = Stored { shard: "shard".into(), sequence: "1".into() };
        Ok::<_, Error>(BatchResponse::new(vec![Ok(stored); batch.records()]))
    });
    // Meets the engine at every point of its way to sleep.
    let wander = |number: u32| (0..number * 37 % 3_000).for_each(|_| std::hint::spin_loop());
    let send = move |sinks: u32, messages: u32, max_queue: usize| async move {
        for nth in 0..sinks {
            let builder = BatchSink::builder().linger(Duration::ZERO).max_queue(max_queue).max_in_flight(1);
            let mut sink = builder.build(service)?;
            for number in 0..messages {
                sink.feed(numbered("a", number)).await?;
                wander(nth + number);
                if number % 3 == 2 {
                    sink.flush().await?;
                }
            }
            sink.close().await?;
            assert_eq!(sink.status().stored(), u64::from(messages));
        }
        Ok::<_, Error>(())
    };
    for (sinks, messages, max_queue) in [(1, 2_000, 1), (1, 2_000, 2), (1, 2_000, 100), (1_000, 1, 100)] {
        // A thread of its own: a worker would run the engine only after the sender.
        let sender = move || block_on(send(sinks, messages, max_queue));
        tokio::task::spawn_blocking(sender).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn room_that_one_answer_makes_is_used_though_another_never_comes() {
    let service =
        Fake::scripted(|request, batch| if request == 0 { Act::Hang } else { Act::store_all(batch) });
    let builder = BatchSink::builder().max_queue(2).linger(Duration::ZERO).batch_records(1);
    let mut sink = builder.build(service.clone()).unwrap();
    for number in 0..10 {
        sink.feed(numbered(format!("key-{number}"), number)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(service.numbers(None), (1..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn sends_whose_room_was_taken_by_others_do_not_wait_for_a_linger() {
    let builder = BatchSink::builder().max_queue(2).linger(Duration::from_hours(1));
    let mut sink = builder.build(Fake::storing()).unwrap();
    let producer = sink.producer();
    sink.feed(numbered("a", 0)).await.unwrap();
    sink.feed(numbered("b", 1)).await.unwrap();
    let mut first = pin!(producer.send(numbered("c", 2)));
    assert!(poll!(first.as_mut()).is_pending());
    sink.flush().await.unwrap();
    // The first is told of room, and before it looks there is none.
    sink.feed(numbered("d", 3)).await.unwrap();
    yield_now().await;
    sink.feed(numbered("e", 4)).await.unwrap();
    let begun = Instant::now();
    let (first, second) = join!(first, producer.send(numbered("f", 5)));
    first.unwrap();
    second.unwrap();
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}
