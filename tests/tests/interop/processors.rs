//! async-kinesis 3.0.1 reads what Headwater wrote, and Headwater what async-kinesis wrote, with every processor.
//!
//! Both ways go through kinesalite, the server that async-kinesis itself is tested with.

use futures::{StreamExt, TryStreamExt, stream};
use headwater::Message;
use headwater::source::Until;
use headwater_kinesis::codec::{self, Codec, Deserializer, Serializer};
use headwater_kinesis::{KinesisSink, KinesisSource, Limits};
use headwater_tests::{Endpoint, Processor, Server, TestStream, consume, produce};
use serde_json::{Value, json};

/// Items that a careless format would change: unicode, nesting, large numbers, characters that framings use.
fn items(processor: Processor) -> Vec<Value> {
    if processor.is_text() {
        return ["plain", "h\u{e9}llo \u{1f980}", "3:abc,", "[1,2]", "with a\nline", "x"]
            .map(Value::from)
            .to_vec();
    }
    vec![
        json!({"test": 123}),
        json!({"test": 456, "nested": {"list": [1, 2.5, null, true]}}),
        json!({"text": "h\u{e9}llo \u{1f980}\n,]:"}),
        json!({"__CHECKPOINT__": {"shard": "a"}}),
        json!({"large": 9_007_199_254_740_993_i64, "negative": -1}),
        json!([1, "two"]),
    ]
}

async fn read<S>(endpoint: &Endpoint, stream: &TestStream, codec: Codec<S>) -> Vec<Value>
where
    S: Deserializer<Value>,
{
    let source = KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).until(Until::Tip);
    let messages = source.unpaced().connect().await.unwrap().decode(codec);
    let control = messages.control();
    let values = messages.map_ok(|message| {
        let value = message.payload().clone();
        message.ack();
        value
    });
    let values = values.try_collect().await.unwrap();
    control.finished().await.unwrap();
    values
}

async fn write<S>(endpoint: &Endpoint, stream: &TestStream, codec: Codec<S>, items: Vec<Value>)
where
    S: Serializer<Value>,
{
    let sink = KinesisSink::builder(stream.name()).sdk_config(endpoint.sdk_config());
    let sink = sink.limits(Limits::Unlimited).connect().await.unwrap().encode(codec);
    // One key, so that the framings have something to join and the order is settled.
    let messages = items.into_iter().map(|item| Ok(Message::keyed(item, "key")));
    stream::iter(messages).forward(sink).await.unwrap();
}

/// Text as a `Value`, for processors that know nothing else.
#[derive(Clone, Copy, Debug)]
struct Text;

impl Serializer<Value> for Text {
    fn serialize(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), headwater::BoxError> {
        out.extend_from_slice(value.as_str().ok_or("not a text")?.as_bytes());
        Ok(())
    }
}

impl Deserializer<Value> for Text {
    fn deserialize(&self, bytes: &bytes::Bytes) -> Result<Value, headwater::BoxError> {
        Ok(std::str::from_utf8(bytes)?.into())
    }
}

async fn both_ways<S>(processor: Processor, codec: impl Fn() -> Codec<S>)
where
    S: Serializer<Value> + Deserializer<Value>,
{
    let endpoint = Server::Kinesalite.shared();
    let items = items(processor);

    let theirs = endpoint.create_stream("theirs", 1).await;
    produce(endpoint.url(), theirs.name(), processor, &items).await;
    let mut read = read(endpoint, &theirs, codec()).await;
    let mut expected = items.clone();
    // async-kinesis gives each record a random key and no order.
    read.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(read, expected, "what async-kinesis wrote with {processor:?}");

    // Its reader takes a payload with this key for a message to itself; ours knows no such payload.
    let items: Vec<Value> = items.into_iter().filter(|item| item.get("__CHECKPOINT__").is_none()).collect();
    let ours = endpoint.create_stream("ours", 1).await;
    write(endpoint, &ours, codec(), items.clone()).await;
    let got = consume(endpoint.url(), ours.name(), processor, items.len()).await;
    assert_eq!(got, items, "what async-kinesis read with {processor:?}");
}

#[tokio::test]
async fn strings_pass_both_ways() {
    both_ways(Processor::String, || Codec::new(codec::Single, Text)).await;
}

#[tokio::test]
async fn json_passes_both_ways() {
    both_ways(Processor::Json, codec::json::<Value>).await;
}

#[tokio::test]
async fn json_lines_pass_both_ways() {
    both_ways(Processor::JsonLine, codec::json_lines::<Value>).await;
}

#[tokio::test]
async fn json_lists_pass_both_ways_as_elements() {
    both_ways(Processor::JsonList, codec::json_list::<Value>).await;
}

#[tokio::test]
async fn msgpack_in_netstrings_passes_both_ways() {
    both_ways(Processor::Msgpack, codec::msgpack::<Value>).await;
}

#[tokio::test]
async fn kpl_json_passes_both_ways() {
    both_ways(Processor::KplJson, codec::kpl_json::<Value>).await;
}

#[tokio::test]
async fn kpl_strings_pass_both_ways() {
    both_ways(Processor::KplString, || Codec::new(codec::Kpl, Text)).await;
}
