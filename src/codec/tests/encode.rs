//! The encode stage, and pipelines through both.

use futures::{FutureExt, SinkExt, Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::codec::tests::shard::{Shard, after};
use crate::codec::tests::switchboard::Switchboard;
use crate::codec::{self, Decode, DecodeExt, EncodeExt};
use crate::{ErrorKind, Message};

#[derive(Deserialize)]
struct Order {
    id: u32,
}

#[derive(Serialize)]
struct Invoice {
    order: u32,
}

impl From<Order> for Invoice {
    fn from(order: Order) -> Self {
        Self { order: order.id }
    }
}

#[test]
fn a_pipeline_infers_what_its_codecs_carry() {
    let (shard, sink) = (Shard::new(), Switchboard::default());
    let orders = shard.records(["{\"id\":7}"]).decode(codec::json::<Order>());
    let invoices = sink.clone().encode(codec::json_lines());
    orders.map_ok(|order| order.map(Invoice::from)).forward(invoices).now_or_never().unwrap().unwrap();
    assert_eq!(sink.texts(), ["{\"order\":7}"]);
    assert_eq!(sink.lock().framing.as_ref().unwrap().name(), "lines");

    let orders = shard.records(["{\"id\":8}"]).decode(codec::json::<Order>());
    let invoices = sink.clone().encode(codec::msgpack());
    let converted = orders.map(|order| order?.try_map(Invoice::try_from));
    converted.forward(invoices).now_or_never().unwrap().unwrap();
    assert_eq!(sink.lock().framing.as_ref().unwrap().name(), "netstrings");
}

#[test]
fn encoding_keeps_key_origin_and_debt() {
    let (shard, sink) = (Shard::new(), Switchboard::default());
    let numbers = shard.records(["1"]).decode(codec::json::<u32>());
    numbers.forward(sink.clone().encode(codec::json())).now_or_never().unwrap().unwrap();
    assert_eq!(sink.lock().calls.last(), Some(&"close"), "flushing and closing reach the sink");
    let message = sink.lock().messages.pop().unwrap();
    assert_eq!(message.key(), Some(&"customer-7".into()));
    assert_eq!(message.origin().unwrap().position(), after(1));
    message.ack();
    assert_eq!(shard.watermark(), Some(after(1)));
}

/// A number that JSON refuses when it is odd.
struct Even(u32);

impl Serialize for Even {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(2))?;
        serde::ser::SerializeSeq::serialize_element(&mut list, &self.0)?;
        if self.0 % 2 == 1 {
            return Err(serde::ser::Error::custom("odd"));
        }
        serde::ser::SerializeSeq::end(list)
    }
}

#[test]
fn a_message_that_cannot_be_encoded_concerns_itself_alone() {
    let (shard, sink) = (Shard::new(), Switchboard::default());
    let mut even = sink.clone().encode(codec::json_lines());
    let number = |number, text| shard.record(number, text).map(|_| Even(number));
    let error = even.send(number(1, "")).now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert_eq!(
        error.to_string(),
        "encode message of \"orders\" shardId-000000000003 at sequence 1 as JSON in lines: odd"
    );
    assert_eq!(shard.tracker.abandoned(), Some(after(1)), "no checkpoint moves past it");

    even.send(number(2, "")).now_or_never().unwrap().unwrap();
    assert_eq!(sink.texts(), ["[2]"], "nothing of the failed one is left");
    assert_eq!(even.into_inner().texts(), ["[2]"]);
}

#[test]
fn both_stages_can_be_sent_between_threads() {
    fn send<T: Send>(_: &T) {}
    let numbers = stream::iter([Ok(Message::new("1".into()))]).decode(codec::json::<u32>());
    send(&numbers);
    let numbers: Decode<_, u32> = numbers.divert(Switchboard::default());
    send(&numbers);
    assert!(numbers.get_ref().size_hint().1.is_some());
    send(&Switchboard::default().encode::<u32, _>(codec::json()));
}
