//! What becomes of a duplicate, watched through the acks that reach the source.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::stream::{self, FusedStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::time::timeout;

use super::place::Place;
use crate::source::{OnAbandon, SourceConfig};
use crate::stage::dedupe::Dedupe;
use crate::stage::{DedupeExt, KeyedExt};
use crate::{Ack, BoxError, Error, ErrorKind, MemoryStream, Message};

/// Puts messages through a stage with a window, and returns what comes out.
fn through<const N: usize>(window: usize, messages: [Message<Bytes>; N]) -> Vec<Message<Bytes>> {
    let stage = Dedupe::new(stream::iter(messages.map(Ok)), window);
    stage.try_collect().now_or_never().unwrap().unwrap()
}

#[test]
fn a_duplicate_of_a_message_that_is_acked_is_acked_at_once() {
    let (first, second) = (Place::new(), Place::new());
    let mut stage = Dedupe::new(stream::iter([Ok(first.record(1)), Ok(second.record(1))]), 10);
    stage.next().now_or_never().unwrap().unwrap().unwrap().ack();
    assert!(stage.next().now_or_never().unwrap().is_none());
    assert_eq!(second.watermark(), Some(1));
    assert_eq!(stage.duplicate_count().get(), 1);
}

#[test]
fn a_duplicate_of_a_message_under_way_is_acked_with_it_though_the_stage_is_gone() {
    let readings = [Place::new(), Place::new(), Place::new()];
    let mut out = through(10, [readings[0].record(1), readings[1].record(1), readings[2].record(1)]);
    let message = out.pop().unwrap();
    assert!(out.is_empty());
    let share = message.clone();
    message.ack();
    assert!(readings.iter().all(|reading| reading.watermark().is_none()), "a share is still out");
    share.ack();
    assert!(readings.iter().all(|reading| reading.watermark() == Some(1)));
    assert!(readings.iter().all(|reading| reading.tracker.in_flight() == 0));
}

#[test]
fn a_duplicate_is_abandoned_with_the_message_under_way_and_the_next_one_passes() {
    let readings = [Place::new(), Place::new(), Place::new(), Place::new()];
    let (records, source) = mpsc::unbounded();
    let mut stage = Dedupe::new(source, 10);
    let mut deliver = |reading: &Place| {
        records.unbounded_send(Ok(reading.record(1))).unwrap();
        stage.next().now_or_never().map(|next| next.unwrap().unwrap())
    };
    let message = deliver(&readings[0]).unwrap();
    assert!(deliver(&readings[1]).is_none());
    assert_eq!(readings[1].tracker.abandoned(), None);
    drop(message);
    assert!(readings[0].tracker.abandoned().is_some());
    assert!(readings[1].tracker.abandoned().is_some());
    assert_eq!(readings[1].watermark(), None);

    deliver(&readings[2]).unwrap().ack();
    assert!(deliver(&readings[3]).is_none());
    assert_eq!((readings[2].watermark(), readings[3].watermark()), (Some(1), Some(1)));
}

#[test]
fn a_message_is_known_by_stream_shard_sequence_and_sub_sequence() {
    let places = [
        Place::new(),
        Place::of("orders", "shardId-000000000004"),
        Place::of("invoices", "shardId-000000000003"),
    ];
    let [place, other_shard, other_stream] = &places;
    let records = [
        place.record(1),
        place.part(2, Some(0)),
        place.part(2, Some(1)),
        other_shard.record(1),
        other_stream.record(1),
        place.part(2, Some(1)),
        other_stream.record(1),
    ];
    let out = through(10, records);
    assert_eq!(out.len(), 5);
    out.into_iter().for_each(Message::ack);
}

#[test]
fn messages_without_origin_pass_and_those_that_owe_nothing_are_known_too() {
    let users_own = || Message::new(Bytes::from("1"));
    assert_eq!(through(10, [users_own(), users_own()]).len(), 2);

    let place = Place::new();
    let free = || {
        let (payload, key, headers, origin, ack) = place.record(1).into_parts();
        ack.ack();
        Message::from_parts(payload, key, headers, origin, Ack::none())
    };
    assert_eq!(through(10, [free(), free()]).len(), 1);
}

#[test]
fn a_duplicate_of_a_message_with_several_debts_waits_for_them_all() {
    let (first, second, third) = (Place::new(), Place::new(), Place::new());
    let (payload, key, headers, origin, ack) = first.record(1).into_parts();
    let (_, _, _, _, other) = second.record(1).into_parts();
    let joined = Message::from_parts(payload, key, headers, origin, Ack::join([ack, other]));
    let out = through(10, [joined, third.record(1)]);
    assert_eq!((out.len(), third.watermark()), (1, None));
    out.into_iter().for_each(Message::ack);
    assert_eq!(third.watermark(), Some(1));
}

#[test]
fn what_has_left_the_window_passes_whichever_shard_it_came_from() {
    let (place, other) = (Place::new(), Place::of("orders", "shardId-000000000004"));
    let out =
        through(2, [place.record(1), other.record(1), other.record(2), other.record(1), place.record(1)]);
    let came: Vec<_> = out.iter().map(|message| message.origin().unwrap().shard().as_str()).collect();
    let [shard, other_shard] = ["shardId-000000000003", "shardId-000000000004"];
    assert_eq!(came, [shard, other_shard, other_shard, shard]);
    out.into_iter().for_each(Message::ack);
    assert_eq!(through(0, [place.record(1), place.record(1)]).into_iter().map(Message::ack).count(), 2);
}

#[test]
fn reading_anew_from_before_the_window_is_remembered_beside_what_came_first() {
    let place = Place::new();
    let order = [50, 51, 10, 11, 50, 12, 51, 52, 10, 5, 11, 52, 5];
    let out = through(100, order.map(|number| place.again().record(number)));
    let came: Vec<_> = out.iter().map(|message| message.payload().clone()).collect();
    assert_eq!(came, ["50", "51", "10", "11", "12", "52", "5"]);
    out.into_iter().for_each(Message::ack);
}

#[test]
fn errors_and_the_end_of_the_source_pass() {
    let items = [Err(Error::new(ErrorKind::Unavailable, "fetch")), Ok(Place::new().record(1))];
    let mut stage = Dedupe::new(stream::iter(items).fuse(), 10);
    let error = stage.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    stage.next().now_or_never().unwrap().unwrap().unwrap().ack();
    assert!(!stage.is_terminated());
    assert!(stage.next().now_or_never().unwrap().is_none());
    assert!(stage.is_terminated());
}

#[test]
fn what_is_dropped_is_counted_by_stream() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let (orders, invoices) = (Place::of("orders", "a"), Place::of("invoices", "a"));
    let records = [1, 1, 1, 2].map(|number| orders.record(number));
    let out = metrics::with_local_recorder(&recorder, || {
        let mut out = through(10, records);
        out.extend(through(10, [invoices.record(1), invoices.record(1)]));
        out
    });
    out.into_iter().for_each(Message::ack);
    let mut counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            assert_eq!(key.key().name(), "headwater_duplicates_total");
            let labels: Vec<_> =
                key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            (labels.join(" "), value)
        })
        .collect();
    counted.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(counted[0], ("stream=invoices".to_owned(), DebugValue::Counter(1)));
    assert_eq!(counted[1], ("stream=orders".to_owned(), DebugValue::Counter(2)));
}

/// The ack and the duplicate come from different tasks, and whichever is first, the duplicate is settled.
#[test]
fn a_duplicate_that_comes_while_its_message_is_settled_is_settled_too() {
    for round in 0..2_000 {
        let (first, second) = (Place::new(), Place::new());
        let mut stage = Dedupe::new(stream::iter([Ok(first.record(1)), Ok(second.record(1))]), 10);
        let message = stage.next().now_or_never().unwrap().unwrap().unwrap();
        let start = Arc::new(Barrier::new(2));
        let settler = std::thread::spawn({
            let start = Arc::clone(&start);
            move || {
                start.wait();
                if round % 2 == 0 { message.ack() } else { drop(message) }
            }
        });
        start.wait();
        let passed = stage.next().now_or_never().unwrap();
        settler.join().unwrap();
        if round % 2 == 0 {
            assert!(passed.is_none());
            assert_eq!(second.watermark(), Some(1));
        } else if let Some(passed) = passed {
            passed.unwrap().ack();
            assert_eq!(second.watermark(), Some(1), "it came after the first was abandoned");
        } else {
            assert!(second.tracker.abandoned().is_some());
        }
        assert_eq!(second.tracker.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn redelivery_after_abandoned_messages_runs_every_other_message_once() {
    let stream = MemoryStream::new("orders", 2);
    for number in 0..200 {
        stream.put(format!("key-{}", number % 7).as_str(), number.to_string());
    }
    let config = SourceConfig { on_abandon: OnAbandon::Redeliver, ..SourceConfig::default() };
    let source = stream.source_with(config).await.unwrap().dedupe(1_000);
    let (control, duplicates) = (source.control(), source.duplicate_count());

    let done = RefCell::new(Vec::new());
    let abandoned = RefCell::new(HashSet::new());
    let work = |message: Message<Bytes>| {
        let (done, abandoned, control) = (&done, &abandoned, &control);
        async move {
            tokio::task::yield_now().await;
            let number: usize = std::str::from_utf8(message.payload())?.parse()?;
            // Every tenth message is dropped the first time that it comes.
            if number % 10 != 3 || !abandoned.borrow_mut().insert(number) {
                done.borrow_mut().push(number);
                message.ack();
            }
            if done.borrow().len() == 200 {
                control.stop();
            }
            Ok::<_, BoxError>(())
        }
    };
    let limit = Duration::from_mins(10);
    timeout(limit, source.for_each_keyed(16, work)).await.expect("it gets through").unwrap();
    control.finished().await.unwrap();
    let mut done = done.take();
    done.sort_unstable();
    assert_eq!(done, (0..200).collect::<Vec<_>>());
    assert_eq!(abandoned.take().len(), 20);
    assert!(duplicates.get() > 0, "what stood behind the abandoned ones came again");
}
