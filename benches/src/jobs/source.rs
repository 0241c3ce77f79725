//! Reading: every message decoded and acked, the checkpoint stored.

use std::hint::black_box;
use std::pin::pin;
use std::time::Duration;

use futures::{Stream, TryStreamExt};
use headwater::source::Until;
use headwater::{Message, Result};
use headwater_kinesis::codec;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::laps::Laps;
use crate::order::Order;
use crate::processor::Processor;

/// Who reads.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// How long it rests after each thousand messages.
    pub(crate) rest: Duration,
    /// Where it counts them.
    pub(crate) laps: &'a Laps,
}

/// Reads a stream through a processor. Returns how many messages there were.
pub(crate) async fn source(
    endpoint: &Endpoint,
    stream: &str,
    processor: Processor,
    reader: Reader<'_>,
) -> Result<usize> {
    let source = connecting(endpoint, stream).connect().await?;
    let control = source.control();
    let count = match processor {
        Processor::Bytes => reader.drain(source).await,
        Processor::String => reader.drain(source.decode::<String, _>(codec::string())).await,
        Processor::Json => reader.drain(source.decode::<Order, _>(codec::json())).await,
        Processor::JsonLines => reader.drain(source.decode::<Order, _>(codec::json_lines())).await,
        Processor::JsonLinesZstd => reader.drain(source.decode::<Order, _>(codec::json_lines().zstd())).await,
        Processor::JsonLinesLz4 => reader.drain(source.decode::<Order, _>(codec::json_lines().lz4())).await,
        Processor::JsonLinesGzip => reader.drain(source.decode::<Order, _>(codec::json_lines().gzip())).await,
        Processor::TextLines => reader.drain(source.decode::<String, _>(codec::json_lines())).await,
        Processor::JsonList => reader.drain(source.decode::<Order, _>(codec::json_list())).await,
        Processor::Msgpack => reader.drain(source.decode::<Order, _>(codec::msgpack())).await,
        Processor::KplString => reader.drain(source.decode::<String, _>(codec::kpl_string())).await,
        Processor::KplJson => reader.drain(source.decode::<Order, _>(codec::kpl_json())).await,
    }?;
    control.finished().await?; // the last checkpoint is stored
    Ok(count)
}

/// Describes a source that reads to the tip, as fast as the server answers where it has no limits.
pub(super) fn connecting(endpoint: &Endpoint, stream: &str) -> KinesisSourceBuilder {
    let source = KinesisSource::builder(stream).sdk_config(endpoint.config.clone()).until(Until::Tip);
    if endpoint.is_unlimited() { source.unpaced() } else { source }
}

impl Reader<'_> {
    async fn drain<T>(self, messages: impl Stream<Item = Result<Message<T>>>) -> Result<usize> {
        let mut messages = pin!(messages);
        let mut count = 0_usize;
        while let Some(message) = messages.try_next().await? {
            black_box(message.payload());
            message.ack();
            self.laps.count();
            count += 1;
            if count.is_multiple_of(1_000) && !self.rest.is_zero() {
                sleep(self.rest).await;
            }
        }
        Ok(count)
    }
}
