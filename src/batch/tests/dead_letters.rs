//! Sinks of dead letters that are slow to close, or rude, or cut off.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, Sink, SinkExt};
use tokio::time::{Instant, timeout};

use super::fake::{Act, Fake};
use super::stream::{Fate, Stream};
use super::{numbered, owing};
use crate::batch::{BatchSink, Producing};
use crate::{Error, ErrorKind, MemoryStream, Message};

const MINUTE: Duration = Duration::from_mins(1);

struct Open(Arc<Mutex<Vec<Message<Bytes>>>>);

impl Sink<Message<Bytes>> for Open {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message<Bytes>) -> Result<(), Error> {
        self.0.lock().unwrap().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_goes_to_the_dead_letters_which_ack_it() {
    let rejects = MemoryStream::new("rejects", 1);
    let service = Fake::scripted(|_, batch| {
        Act::refuse(batch, |entry| (entry.data == "1").then_some(ErrorKind::Invalid))
    });
    let mut sink = BatchSink::builder().dead_letters(rejects.sink()).build(service.clone()).unwrap();
    let (tracker, messages) = owing(3, |number| format!("key-{number}"));
    for message in messages {
        sink.feed(message).await.unwrap();
    }
    sink.close().await.unwrap();
    assert_eq!(service.numbers(None), [0, 2]);
    let buried: Vec<_> = rejects.records().into_iter().map(|record| record.payload).collect();
    assert_eq!(buried, ["1"]);
    assert_eq!((tracker.in_flight(), tracker.oldest_unacked()), (0, None), "every message is acked");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_waits_for_its_dead_letters_rests() {
    let stream = Stream::new(1).script(|_, _| Fate::Fail(ErrorKind::Invalid));
    let letters = Arc::default();
    let builder = BatchSink::builder()
        .refresh_every(Duration::from_secs(1))
        .close_deadline(Duration::from_mins(1))
        .dead_letters(Open(Arc::clone(&letters)));
    let mut sink = builder.routing(stream.clone(), stream.open()).build(stream).unwrap();
    sink.feed(numbered("a", 1)).await.unwrap();
    let started = Instant::now();
    assert!(timeout(2 * MINUTE, sink.close()).await.expect("it closes").is_err());
    assert!(started.elapsed() >= MINUTE);
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_fatal_error_is_refused_or_handed_back() {
    let service = Fake::scripted(|_, _| Act::Fail(ErrorKind::Invalid));
    let letters = Arc::default();
    let builder = BatchSink::builder().linger(Duration::ZERO).dead_letters(Open(Arc::clone(&letters)));
    let sink = builder.build(service).unwrap();
    let producer = sink.producer();
    let (tracker, messages) = owing(3, |number| number.to_string());
    let mut messages = messages.into_iter();
    producer.send(messages.next().unwrap()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut refused = Vec::new();
    for message in messages {
        match producer.send(message).await {
            Ok(()) => {}
            Err(error) => refused.extend(error.into_undelivered()),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let returned = timeout(2 * MINUTE, producer.close()).await.expect("it closes");
    assert_eq!(returned.len() + refused.len() + letters.lock().unwrap().len(), 3);
    assert_eq!(tracker.abandoned(), None);
}

#[test]
fn what_goes_to_the_dead_letters_while_the_runtime_stops_is_handed_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (tracker, messages) = owing(2, |number| number.to_string());
    let producer = runtime.block_on(async {
        let builder = BatchSink::builder().dead_letters(Open(Arc::default()));
        let producer = builder.build(Fake::storing()).unwrap().producer();
        for message in messages {
            producer.send(message).await.unwrap();
        }
        tokio::task::yield_now().await;
        producer
    });
    drop(runtime);
    let returned = producer.close().now_or_never().expect("the task is gone");
    assert_eq!(returned.len(), 2);
    assert_eq!(tracker.abandoned(), None);
}

struct Rude;

impl Sink<Message<Bytes>> for Rude {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Message<Bytes>) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Invalid, "no"))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_refused_without_a_word_is_handed_back() {
    let service = Fake::scripted(|_, batch| Act::refuse(batch, |_| Some(ErrorKind::Invalid)));
    let mut sink = BatchSink::builder().dead_letters(Rude).build(service).unwrap();
    sink.feed(numbered("a", 0)).await.unwrap();
    let returned = timeout(MINUTE, sink.drain()).await.expect("it ends");
    assert_eq!(returned.len(), 1);
}
