//! What a stream holds before a command reads it.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use headwater::Message;
use headwater_kinesis::codec::{Codec, Serializer};
use headwater_kinesis::{KinesisSink, Limits};
use headwater_tests::{Endpoint, TestStream};

/// Puts messages into a stream, in the records of a codec.
pub(crate) async fn feed<T: 'static, S: Serializer<T>>(
    endpoint: &Endpoint,
    to: &TestStream,
    codec: Codec<S>,
    messages: impl IntoIterator<Item = Message<T>>,
) {
    let sink = KinesisSink::builder(to.name()).sdk_config(endpoint.sdk_config()).limits(Limits::Unlimited);
    // One key moves a message at a time, and the machine may be busy.
    let sink = sink.close_deadline(Duration::from_mins(2));
    let sink = sink.connect().await.expect("the stream is there").encode(codec);
    let sent = stream::iter(messages).map(Ok).forward(sink).await;
    sent.expect("everything is stored");
}

/// A message of text with a key.
pub(crate) fn keyed(text: impl Into<Bytes>, key: impl Into<String>) -> Message<Bytes> {
    Message::keyed(text.into(), key.into())
}
