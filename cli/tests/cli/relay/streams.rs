//! Streams that are filled and read through the library.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use headwater::Message;
use headwater::source::Until;
use headwater_kinesis::codec::{Codec, Deserializer, Serializer};
use headwater_kinesis::{KinesisSink, KinesisSource, Limits, codec};
use headwater_tests::{Endpoint, TestStream};

/// Two streams of one test.
pub(super) struct Streams {
    pub(super) endpoint: &'static Endpoint,
    pub(super) from: TestStream,
    pub(super) to: TestStream,
}

impl Streams {
    pub(super) async fn new(endpoint: &'static Endpoint, shards: i32) -> Self {
        let from = endpoint.create_stream("from", shards).await;
        let to = endpoint.create_stream("to", shards).await;
        Self { endpoint, from, to }
    }

    /// Puts payloads into the stream that is read, one a key.
    pub(super) async fn fill<S: Serializer<String>>(
        &self,
        codec: Codec<S>,
        payloads: impl IntoIterator<Item = String>,
    ) {
        let sink = KinesisSink::builder(self.from.name()).client(self.endpoint.client());
        let sink = sink.limits(Limits::Unlimited).connect().await.expect("the sink connects");
        let messages = payloads.into_iter().map(|payload| {
            let key = format!("key of {payload:.20}");
            Ok(Message::keyed(payload, key))
        });
        let messages: Vec<_> = messages.collect();
        stream::iter(messages).forward(sink.encode(codec)).await.expect("all is put");
    }

    /// The lines from 1 to `last` as `seq` writes them.
    pub(super) async fn fill_with_seq(&self, last: u32) {
        self.fill(codec::string(), (1..=last).map(|number| number.to_string())).await;
    }

    /// What was written so far: key and payload.
    pub(super) async fn written<T: Clone + Send + 'static, S: Deserializer<T>>(
        &self,
        codec: Codec<S>,
    ) -> Vec<(String, T)> {
        read(self.endpoint, self.to.name(), codec).await
    }

    /// What was written so far, a line each, in the order of numbers.
    pub(super) async fn numbers(&self) -> Vec<u32> {
        let written = self.written(codec::string()).await;
        let number = |(_, line): (String, String)| line.parse().expect("a number");
        let mut numbers: Vec<u32> = written.into_iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Reads what a stream holds: key and payload of each message.
pub(super) async fn read<T: Clone + Send + 'static, S: Deserializer<T>>(
    endpoint: &Endpoint,
    stream: &str,
    codec: Codec<S>,
) -> Vec<(String, T)> {
    let source = KinesisSource::builder(stream).client(endpoint.client()).until(Until::Tip).unpaced();
    let source = source.connect().await.expect("the source connects");
    let parts = source.decode(codec).map_ok(|message| {
        let key = message.key().expect("a record has a key").partition_key().to_owned();
        let payload = message.payload().clone();
        message.ack();
        (key, payload)
    });
    parts.try_collect().await.expect("all is read")
}
