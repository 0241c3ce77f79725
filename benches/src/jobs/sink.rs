//! Sending: every message serialized, kept in the order of its key, and acked when Kinesis confirmed it.

use futures::{Sink, StreamExt, stream};
use headwater::batch::Ordering;
use headwater::checkpoint::Tracker;
use headwater::{Ack, Error, Headers, Message, Position, Result};
use headwater_kinesis::codec;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder};

use crate::endpoint::Endpoint;
use crate::job::Keys;
use crate::laps::Laps;
use crate::load::Load;
use crate::processor::Processor;

/// How many debts are opened at a time, as a source does for a page of records.
const PAGE: usize = 1_000;

/// Sends a load through a processor. Returns how many requests it took.
pub(crate) async fn sink(
    endpoint: &Endpoint,
    stream: &str,
    load: &Load,
    processor: Processor,
    keys: Keys,
    laps: &Laps,
) -> Result<u64> {
    let ordering = if let Keys::Unordered(_) = keys { Ordering::None } else { Ordering::PerKey };
    let sink = connecting(endpoint, stream).ordering(ordering).connect().await?;
    let status = sink.status();
    let outbox = Outbox { load, keys, laps };
    let (bytes, text, order) =
        (|n| load.bytes(n).clone(), |n| load.text(n).clone(), |n| load.order(n).clone());
    match processor {
        Processor::Bytes => outbox.send(bytes, sink).await,
        Processor::String => outbox.send(text, sink.encode(codec::string())).await,
        Processor::Json => outbox.send(order, sink.encode(codec::json())).await,
        Processor::JsonLines => outbox.send(order, sink.encode(codec::json_lines())).await,
        Processor::JsonLinesZstd => outbox.send(order, sink.encode(codec::json_lines().zstd())).await,
        Processor::JsonLinesLz4 => outbox.send(order, sink.encode(codec::json_lines().lz4())).await,
        Processor::JsonLinesGzip => outbox.send(order, sink.encode(codec::json_lines().gzip())).await,
        Processor::TextLines => outbox.send(text, sink.encode(codec::json_lines())).await,
        Processor::JsonList => outbox.send(order, sink.encode(codec::json_list())).await,
        Processor::Msgpack => outbox.send(order, sink.encode(codec::msgpack())).await,
        Processor::KplString => outbox.send(text, sink.encode(codec::kpl_string())).await,
        Processor::KplJson => outbox.send(order, sink.encode(codec::kpl_json())).await,
    }?;
    Ok(status.requests())
}

/// Describes a sink that sends as fast as the server answers, or as its shards take it.
pub(super) fn connecting(endpoint: &Endpoint, stream: &str) -> KinesisSinkBuilder {
    let sink = KinesisSink::builder(stream).sdk_config(endpoint.config.clone());
    sink.limits(endpoint.limits).batch_bytes(endpoint.request_bytes)
}

/// The messages to send.
struct Outbox<'a> {
    load: &'a Load,
    keys: Keys,
    laps: &'a Laps,
}

impl Outbox<'_> {
    /// Sends each payload in a message that owes an ack, and sees that all of them were paid.
    async fn send<T>(
        &self,
        payload: impl Fn(usize) -> T,
        sink: impl Sink<Message<T>, Error = Error>,
    ) -> Result<()> {
        let tracker = Tracker::new();
        let messages = self.acks(&tracker).enumerate().map(|(n, ack)| {
            self.laps.count();
            let key = match self.keys {
                Keys::Load => Some(n),
                Keys::Without => None,
                Keys::Ordered(keys) | Keys::Unordered(keys) => Some(n % keys),
            };
            let key = key.map(|n| self.load.key(n).clone());
            Ok(Message::from_parts(payload(n), key, Headers::new(), None, ack))
        });
        stream::iter(messages).forward(sink).await?;
        assert_eq!(tracker.in_flight(), 0, "every message is settled");
        assert_eq!(tracker.oldest_unacked(), None, "every message is acked");
        Ok(())
    }

    fn acks(&self, tracker: &Tracker) -> impl Iterator<Item = Ack> {
        (0..self.load.records).step_by(PAGE).flat_map(|first| {
            let page = PAGE.min(self.load.records - first);
            tracker.open(std::iter::repeat_n((Position::Beginning, None), page))
        })
    }
}
