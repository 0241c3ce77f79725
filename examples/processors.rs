//! Sends the same messages through every processor.
//!
//! Teaches codecs: a serializer turns a message into bytes, a framing puts several messages into one record, and any
//! pair of the two is a codec. Fewer records mean fewer requests and less of a shard's quota.

use clap::Parser;
use futures::{StreamExt, TryStreamExt, stream};
use headwater::Message;
use headwater::source::Until;
use headwater_examples::{Endpoint, EndpointArgs, Outcome};
use headwater_kinesis::codec::{self, Codec, Deserializer, Kpl, MessagePack, Serializer};

const MESSAGES: usize = 1_000;

#[derive(Parser)]
#[command(about = "Sends the same messages through every processor")]
struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
}

#[tokio::main]
async fn main() -> Outcome {
    let endpoint = Args::parse().endpoint.connect().await?;
    println!("{:<22} {:>8} {:>8} {:>10}", "processor", "messages", "records", "bytes");
    both_ways(&endpoint, "string", codec::string(), codec::string()).await?;
    both_ways(&endpoint, "json", codec::json(), codec::json()).await?;
    both_ways(&endpoint, "json_lines", codec::json_lines(), codec::json_lines()).await?;
    both_ways(&endpoint, "json_list", codec::json_list(), codec::json_list()).await?;
    both_ways(&endpoint, "msgpack", codec::msgpack(), codec::msgpack()).await?;
    both_ways(&endpoint, "kpl_json", codec::kpl_json(), codec::kpl_json()).await?;
    both_ways(&endpoint, "kpl_string", codec::kpl_string(), codec::kpl_string()).await?;
    let own = || Codec::new(Kpl, MessagePack::new());
    both_ways(&endpoint, "own: KPL x MessagePack", own(), own()).await
}

async fn both_ways<S, D>(endpoint: &Endpoint, name: &str, to: Codec<S>, from: Codec<D>) -> Outcome
where
    S: Serializer<String>,
    D: Deserializer<String>,
{
    let stream_name = name.replace([' ', ':'], "-");
    let sink = endpoint.sink(&stream_name).create_stream(1).connect().await?.encode(to);
    let messages = (0..MESSAGES).map(|n| Ok(Message::keyed(format!("message {n}"), "one key")));
    stream::iter(messages).forward(sink).await?;

    let raw = endpoint.source(&stream_name).application("raw").deaggregate(false).until(Until::Tip);
    let sizes: Vec<usize> = raw
        .connect()
        .await?
        .map_ok(|record| {
            let bytes = record.payload().len();
            record.ack();
            bytes
        })
        .try_collect()
        .await?;
    let source = endpoint.source(&stream_name).until(Until::Tip).connect().await?.decode(from);
    let read: Vec<Message<String>> = source.try_collect().await?;
    let in_order = read.iter().enumerate().all(|(n, message)| *message.payload() == format!("message {n}"));
    assert!(in_order && read.len() == MESSAGES, "{name} changed the messages");
    println!("{name:<22} {:>8} {:>8} {:>10}", read.len(), sizes.len(), sizes.iter().sum::<usize>());
    read.into_iter().for_each(Message::ack);
    Ok(())
}
