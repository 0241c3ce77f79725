//! The divert sink, driven by the decode stage.

use futures::channel::mpsc;
use futures::stream::FusedStream;
use futures::{StreamExt, TryStreamExt, stream};

use crate::ErrorKind;
use crate::codec::tests::shard::{Shard, drain};
use crate::codec::tests::switchboard::Switchboard;
use crate::codec::{self, DecodeExt};

#[test]
fn a_divert_sink_without_room_holds_the_stream_up() {
    let (shard, letters) = (Shard::new(), Switchboard::default());
    letters.lock().full = true;
    let mut numbers =
        shard.records(["1", "bad", "worse", "2"]).decode(codec::json::<u32>()).divert(letters.clone());
    assert_eq!(drain(&mut numbers).0, [1]);
    assert!(drain(&mut numbers).0.is_empty(), "still full");
    assert_eq!(numbers.poison_count().get(), 1, "nothing more is decoded");
    letters.make_room();
    assert_eq!(drain(&mut numbers).0, [2]);
    assert_eq!(letters.texts(), ["bad", "worse"]);
}

#[tokio::test]
async fn a_stream_held_up_by_its_divert_sink_is_woken_when_there_is_room() {
    let (shard, letters) = (Shard::new(), Switchboard::default());
    letters.lock().full = true;
    let numbers = shard.records(["bad", "2"]).decode(codec::json::<u32>()).divert(letters.clone());
    let reader = tokio::spawn(numbers.map_ok(|message| *message.payload()).try_collect::<Vec<_>>());
    tokio::task::yield_now().await;
    letters.make_room();
    assert_eq!(reader.await.unwrap().unwrap(), [2]);
}

#[test]
fn a_divert_sink_is_driven_while_it_holds_anything_flushed_when_idle_and_closed_at_the_end() {
    let (shard, letters) = (Shard::new(), Switchboard::default());
    let (records, source) = mpsc::unbounded();
    let mut numbers = source.decode(codec::json::<u32>()).divert(letters.clone());
    let send = |number, text| records.unbounded_send(Ok(shard.record(number, text))).unwrap();
    let calls = || std::mem::take(&mut letters.lock().calls);

    send(1, "1");
    drain(&mut numbers);
    assert!(calls().is_empty(), "nothing to do for it");

    for (number, text) in [(2, "bad"), (3, "3"), (4, "4")] {
        send(number, text);
    }
    assert_eq!(drain(&mut numbers).0, [3, 4]);
    assert_eq!(calls(), ["ready", "send", "ready", "ready", "flush"]);
    drain(&mut numbers);
    assert!(calls().is_empty(), "it has been flushed");

    drop(records);
    drain(&mut numbers);
    assert_eq!(calls(), ["close"]);
    drain(&mut numbers);
    assert!(calls().is_empty(), "it is closed once");
}

#[test]
fn an_error_of_the_divert_sink_ends_the_stream() {
    for operation in ["ready", "send", "flush", "close"] {
        let (shard, letters) = (Shard::new(), Switchboard::failing_to(operation));
        let idle = if operation == "close" { stream::empty().boxed() } else { stream::pending().boxed() };
        let records = shard.records(["1", "bad"]).chain(idle);
        let mut numbers = records.decode(codec::json::<u32>()).divert(letters);
        let (numbers_seen, error) = drain(&mut numbers);
        assert_eq!(numbers_seen, [1]);
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.to_string(), format!("divert what could not be decoded: {operation} fails"));
        assert!(numbers.is_terminated());
    }
}

#[test]
fn a_divert_sink_that_is_closing_is_asked_for_nothing_else() {
    let (shard, letters) = (Shard::new(), Switchboard::default());
    letters.lock().slow_to_close = true;
    let mut numbers = shard.records(["bad"]).decode(codec::json::<u32>()).divert(letters.clone());
    drain(&mut numbers);
    assert!(!numbers.is_terminated(), "it is not closed yet");
    drain(&mut numbers);
    assert!(numbers.is_terminated());
    assert_eq!(letters.lock().calls, ["ready", "send", "close", "close"]);
}
