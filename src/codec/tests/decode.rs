//! The decode stage, watched through the acks that reach the source.

use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::codec::tests::shard::{Shard, after, drain};
use crate::codec::tests::switchboard::Switchboard;
use crate::codec::{self, Codec, DecodeExt, EncodeExt, Frame, Framing, Lines, Part, Raw, Split};
use crate::{Ack, Error, ErrorKind, Headers, Key, Message, Origin};

#[test]
fn a_record_is_acked_when_all_its_messages_are() {
    let shard = Shard::new();
    let numbers = shard.records(["1\n2\n3\n"]).decode(codec::json_lines::<u32>());
    let mut messages: Vec<_> = numbers.try_collect().now_or_never().unwrap().unwrap();
    while let Some(message) = messages.pop() {
        assert_eq!(shard.watermark(), None);
        message.ack();
    }
    assert_eq!(shard.watermark(), Some(after(1)));
}

#[test]
fn messages_acked_one_by_one_do_not_ack_a_record_halfway_through() {
    let shard = Shard::new();
    let mut numbers = shard.records(["1\n2\n"]).decode(codec::json_lines::<u32>());
    numbers.next().now_or_never().unwrap().unwrap().unwrap().ack();
    assert_eq!(shard.watermark(), None, "the second message is still inside");
    drop(numbers);
    assert_eq!(shard.tracker.abandoned(), Some(after(1)));
}

#[test]
fn an_empty_record_is_acked_at_once() {
    let shard = Shard::new();
    let mut numbers = shard.records(["\n", "[]"]).decode(codec::json_lines::<u32>());
    assert!(drain(&mut numbers).1.is_some());
    assert_eq!(shard.watermark(), Some(after(1)));
}

#[test]
fn no_payload_can_be_taken_for_a_control_message() {
    let shard = Shard::new();
    let texts = ["__CHECKPOINT__", "{\"__CHECKPOINT__\":\"1\"}", "__CLOSE__", "null"];
    let records = shard.records(texts).map_ok(|message| message.rekey("__CHECKPOINT__"));
    let sink = Switchboard::default();
    records
        .decode(codec::bytes())
        .forward(sink.clone().encode(codec::bytes()))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(sink.texts(), texts);
    assert_eq!(shard.watermark(), None, "only an ack moves a checkpoint");
    let messages = std::mem::take(&mut sink.lock().messages);
    assert!(messages.iter().all(|message| message.key() == Some(&"__CHECKPOINT__".into())));
    messages.into_iter().for_each(Message::ack);
    assert_eq!(shard.watermark(), Some(after(4)));
}

/// Messages as `key=payload`, separated by `;`.
#[derive(Debug)]
struct Envelope;

impl Framing for Envelope {
    fn name(&self) -> &'static str {
        "envelope"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn Frame> {
        Lines.open()
    }

    fn split(&self, record: &Bytes) -> Split {
        let text = str::from_utf8(record).unwrap();
        let part = |part: &str| match part.split_once('=') {
            Some((key, payload)) => Part { key: Some(key.into()), ..Part::new(payload.to_owned().into()) },
            None => Part::new(part.to_owned().into()),
        };
        Split { parts: text.split(';').map(part).collect(), damaged: None }
    }
}

#[test]
fn a_key_inside_the_record_replaces_the_records_own() {
    let shard = Shard::new();
    let messages = shard.records(["a=1;2"]).decode(Codec::new(Envelope, Raw));
    let messages: Vec<_> = messages.try_collect().now_or_never().unwrap().unwrap();
    let keys: Vec<_> = messages.iter().map(|message| message.key().unwrap().partition_key()).collect();
    assert_eq!(keys, ["a", "customer-7"]);
}

#[test]
fn every_message_of_a_record_has_the_headers_of_the_record() {
    let shard = Shard::new();
    let mut headers = Headers::new();
    headers.insert("tenant", "north").unwrap();
    let record = shard.record(1, "1\n2\n").rehead(headers);
    let messages = stream::iter([Ok(record)]).decode(codec::json_lines::<u32>());
    let messages: Vec<_> = messages.try_collect().now_or_never().unwrap().unwrap();
    let tenants: Vec<_> = messages.iter().map(|message| message.header("tenant")).collect();
    assert_eq!(tenants, [Some("north"); 2]);
}

#[test]
fn what_the_source_has_taken_apart_is_not_taken_apart_again() {
    let shard = Shard::new();
    let origin = Origin::new(Arc::clone(&shard.shared), "1".into(), Some(0), None);
    let user_record = || {
        let (key, origin) = (Key::from("customer-8"), origin.clone());
        let (key, origin, ack) = (Some(key), Some(origin), Ack::none());
        stream::iter([Ok(Message::from_parts("a=1;b=2".into(), key, Headers::new(), origin, ack))])
    };
    let whole: Vec<_> =
        user_record().decode(Codec::new(Envelope, Raw)).try_collect().now_or_never().unwrap().unwrap();
    assert_eq!(whole.len(), 1);
    assert_eq!(whole[0].payload(), "a=1;b=2");
    assert_eq!(whole[0].key(), Some(&"customer-8".into()));

    // A framing without keys is the user's own, inside the user record.
    let lines =
        user_record().map_ok(|message| message.map(|_| "1\n2\n".into())).decode(codec::json_lines::<u32>());
    assert_eq!(drain(&mut { lines }).0, [1, 2]);
}

#[test]
fn errors_of_the_inner_stream_pass_and_end_nothing_by_themselves() {
    let shard = Shard::new();
    let outage = Err(Error::new(ErrorKind::Unavailable, "get records"));
    let records = stream::iter([Ok(shard.record(1, "1")), outage, Ok(shard.record(2, "2"))]);
    let mut numbers = records.decode(codec::json::<u32>());
    let (first, error) = drain(&mut numbers);
    assert_eq!((first, error.unwrap().kind()), (vec![1], ErrorKind::Unavailable));
    assert_eq!(drain(&mut numbers).0, [2]);
}
