//! What a user sees of the keyed stages.

use std::cell::RefCell;
use std::future::{pending, ready};
use std::time::Duration;

use futures::stream::FusedStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use super::place::Place;
use crate::codec::{self, DecodeExt};
use crate::source::{SourceConfig, Until};
use crate::stage::KeyedExt;
use crate::{BoxError, Delivery, Error, ErrorKind, HashKey, Key, MemoryStream, Message, Result, Undelivered};

fn keyed(keys: &[&'static str]) -> impl Stream<Item = Result<Message<&'static str>>> + Unpin + use<> {
    let messages: Vec<_> = keys.iter().map(|key| Ok(Message::keyed(*key, *key))).collect();
    stream::iter(messages)
}

#[tokio::test(start_paused = true)]
async fn one_hot_key_holds_up_nobody_while_the_window_has_room() {
    let messages = ["hot", "hot", "hot", "hot", "a", "b", "c", "d"];
    let started = Instant::now();
    let done = RefCell::new(Vec::new());
    let work = |message: Message<&'static str>| {
        let done = &done;
        async move {
            sleep(Duration::from_secs(if *message.payload() == "hot" { 10 } else { 1 })).await;
            done.borrow_mut().push(*message.payload());
            message.ack();
            Ok::<_, BoxError>(())
        }
    };
    keyed(&messages).for_each_keyed(2, work).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(40), "the others ran beside the hot key");
    assert_eq!(done.take(), ["a", "b", "c", "d", "hot", "hot", "hot", "hot"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_window_takes_nothing_more_until_one_of_its_messages_starts() {
    let taken = RefCell::new(0);
    let messages = keyed(&["hot"; 100]).inspect(|_| *taken.borrow_mut() += 1);
    let work = |message: Message<&'static str>| async {
        sleep(Duration::from_secs(1)).await;
        message.ack();
        Ok::<_, BoxError>(())
    };
    let mut stage = Box::pin(messages.for_each_keyed(8, work).window(5));
    assert!(stage.as_mut().now_or_never().is_none());
    assert_eq!(*taken.borrow(), 1 + 5);
    tokio::time::timeout(Duration::from_millis(1_500), stage.as_mut()).await.unwrap_err();
    assert_eq!(*taken.borrow(), 2 + 5);
}

#[tokio::test(start_paused = true)]
async fn the_window_is_sixteen_times_the_concurrency_by_default() {
    let taken = RefCell::new(0);
    let messages = keyed(&["hot"; 100]).inspect(|_| *taken.borrow_mut() += 1);
    let mut stage = Box::pin(messages.for_each_keyed(2, |_| pending::<Result<()>>()));
    assert!(stage.as_mut().now_or_never().is_none());
    assert_eq!(*taken.borrow(), 1 + 32);
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_key_and_with_other_hash_keys_run_at_a_time() {
    let started = Instant::now();
    let hashed = |hash| Message::keyed("a", Key::from("a").hashed(HashKey::new(hash)));
    let messages = [Message::new("a"), Message::new("b"), hashed(1), hashed(2), Message::keyed("a", "a")];
    let work = |message: Message<&'static str>| async {
        sleep(Duration::from_secs(1)).await;
        message.ack();
        Ok::<_, BoxError>(())
    };
    stream::iter(messages.map(Ok)).for_each_keyed(5, work).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_stream_waits_until_what_came_before_it_is_done() {
    let place = Place::new();
    let messages = (1..=3).map(|number| Ok(place.record(number))).collect::<Vec<_>>();
    let messages = messages.into_iter().chain([Err(Error::new(ErrorKind::Unavailable, "fetch"))]);
    let later = Err(Error::new(ErrorKind::Invalid, "a second error"));
    let mut stage = stream::iter(messages.chain([later])).map_keyed(8, |message| async {
        sleep(Duration::from_secs(1)).await;
        Ok::<_, BoxError>(message)
    });
    for number in ["1", "2", "3"] {
        let message = stage.next().await.unwrap().unwrap();
        assert_eq!(message.payload(), number);
        message.ack();
    }
    assert_eq!(stage.next().await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(stage.next().await.is_none());
    assert_eq!(place.watermark(), Some(3));
}

#[tokio::test]
async fn an_error_of_the_workspace_keeps_its_kind_and_what_it_carries() {
    let place = Place::new();
    let refuse = |message: Message<bytes::Bytes>| {
        let error = Error::new(ErrorKind::Throttled, "put to \"invoices\"");
        let handed_back = Undelivered::new(message, error.restate(), Delivery::NotStored);
        ready(Err::<(), _>(error.carrying(vec![handed_back])))
    };
    let error = stream::iter([Ok(place.record(7))]).for_each_keyed(1, refuse).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(
        error.to_string(),
        "handle message of \"orders\" shardId-000000000003 at sequence 7: put to \"invoices\""
    );
    assert_eq!(error.undelivered_len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_dropped_abandons_what_it_holds_and_nothing_else() {
    let place = Place::new();
    let messages: Vec<_> = (1..=4).map(|number| Ok(place.record(number))).collect();
    let work = |message: Message<bytes::Bytes>| async {
        if message.payload() != "1" {
            pending::<()>().await;
        }
        message.ack();
        Ok::<_, BoxError>(())
    };
    let mut stage = Box::pin(stream::iter(messages).for_each_keyed(2, work));
    assert!(stage.as_mut().now_or_never().is_none());
    assert_eq!(place.tracker.abandoned(), None);
    drop(stage);
    assert_eq!(place.watermark(), Some(1));
    assert_eq!(super::place::number_of(&place.tracker.abandoned().unwrap()), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_failing_stage_stops_at_its_message_and_the_next_start_goes_on_there() {
    let stream = MemoryStream::new("numbers", 1);
    for number in 0..20 {
        stream.put(["a", "b", "c"][number % 3], number.to_string());
    }
    let config = SourceConfig { until: Until::Tip, ..SourceConfig::default() };
    let done = RefCell::new(Vec::new());
    let work = |refused: Option<usize>| {
        let done = &done;
        move |number: Message<usize>| async move {
            if Some(*number.payload()) == refused {
                return Err(BoxError::from("refused"));
            }
            done.borrow_mut().push(*number.payload());
            number.ack();
            Ok(())
        }
    };

    let numbers = stream.source_with(config.clone()).await.unwrap().decode(codec::json());
    let control = numbers.control();
    let error = numbers.for_each_keyed(4, work(Some(7))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stage);
    assert_eq!(control.finished().await.unwrap_err().kind(), ErrorKind::Abandoned);
    assert!((0..7).all(|number| done.borrow().contains(&number)));
    assert!(!done.borrow().contains(&10), "a later message of its key");

    let numbers = stream.source_with(config).await.unwrap().decode(codec::json());
    let control = numbers.control();
    done.borrow_mut().retain(|number| *number < 7);
    numbers.for_each_keyed(4, work(None)).await.unwrap();
    control.finished().await.unwrap();
    let mut done = done.take();
    done.sort_unstable();
    assert_eq!(done, (0..20).collect::<Vec<_>>(), "nothing acked repeats, nothing is passed over");
}

#[tokio::test]
async fn the_stage_can_be_spawned() {
    let messages = keyed(&["a", "b"]);
    let work = |message: Message<&'static str>| async move {
        tokio::task::yield_now().await;
        message.ack();
        Ok::<_, BoxError>(())
    };
    tokio::spawn(messages.for_each_keyed(2, work)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stage_that_has_ended_stays_ended() {
    let mut stage = keyed(&["a"]).map_keyed(1, |message| ready(Ok::<_, BoxError>(message)));
    assert_eq!(stage.by_ref().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert!(stage.next().await.is_none());
    assert!(stage.is_terminated());
}

#[test]
#[should_panic(expected = "a concurrency of 0 would never take a message")]
fn a_concurrency_of_zero_is_refused() {
    drop(keyed(&[]).for_each_keyed(0, |_| ready(Ok::<_, BoxError>(()))));
}
