//! The stream of messages.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use headwater::codec::{Codec, Decode, DecodeExt, Deserializer};
use headwater::source::{Backfill, Live, ShardedSource};
use headwater::{Control, Message, Result, Source};

use crate::source::{FanOut, KinesisSourceBuilder};

/// A Kinesis stream as a [`Stream`] of messages: every shard, merged, each in its own order.
///
/// KPL aggregates arrive as their user records; [`Deaggregation`](crate::Deaggregation) has the choices. Checkpoints
/// move by acks alone; a message that is dropped without one ends the source with an error that names it. Throttling,
/// 5xx and timeouts are waited out, expired iterators are replaced from the last position, and both parents of a shard
/// are finished before it is read.
///
/// Kinesis does not return the explicit hash key of a plain record, so the key of a message has one only inside an
/// aggregate.
///
/// # Cancel safety
///
/// `next` may be dropped: no message is lost.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater_kinesis::KinesisSource;
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().build();
/// # local.create_stream("orders", 1)?;
/// # let client = local.client();
/// # client.put_record().stream_name("orders").partition_key("k").data(b"order".to_vec().into()).send().await?;
/// let mut orders = KinesisSource::builder("orders").client(client).connect().await?;
/// let order = orders.try_next().await?.expect("one was put");
/// assert_eq!(order.payload(), "order");
/// order.ack();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct KinesisSource {
    sharded: ShardedSource,
    fan_out: Option<FanOut>,
}

impl KinesisSource {
    /// Starts to describe a source of a stream, named by its name or its ARN.
    pub fn builder(stream: impl Into<String>) -> KinesisSourceBuilder {
        KinesisSourceBuilder::new(stream.into())
    }

    /// Takes records apart and turns their bytes into values: [`DecodeExt::decode`], without its import.
    pub fn decode<T: 'static, D: Deserializer<T>>(self, codec: Codec<D>) -> Decode<Self, T> {
        DecodeExt::decode(self, codec)
    }

    pub(super) fn new(sharded: ShardedSource, fan_out: Option<FanOut>) -> Self {
        Self { sharded, fan_out }
    }

    /// Parts what was in the stream when the source connected from what came since: the first stream ends once every
    /// shard was read to that tip, the second goes on from there. See [`ShardedSource::backfill`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// # use futures::StreamExt;
    /// # use headwater_kinesis::{KinesisSink, KinesisSource};
    /// # async fn run() -> headwater::Result<()> {
    /// let (history, live) = KinesisSource::builder("prices").connect().await?.backfill();
    /// history.forward(KinesisSink::builder("prices-at-start").connect().await?).await?; // ends
    /// live.forward(KinesisSink::builder("changes").connect().await?).await
    /// # }
    /// ```
    pub fn backfill(self) -> (Backfill, Live) {
        self.sharded.backfill()
    }

    /// Returns a handle that survives `decode` and `forward`.
    pub fn control(&self) -> Control {
        self.sharded.control()
    }

    /// Returns the handle of its [enhanced fan-out](KinesisSourceBuilder::fan_out), where that was asked for.
    pub fn fan_out(&self) -> Option<FanOut> {
        self.fan_out.clone()
    }
}

impl Stream for KinesisSource {
    type Item = Result<Message<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.sharded).poll_next(cx)
    }
}

impl FusedStream for KinesisSource {
    fn is_terminated(&self) -> bool {
        self.sharded.is_terminated()
    }
}

impl Source for KinesisSource {
    fn control(&self) -> Control {
        self.sharded.control()
    }
}
