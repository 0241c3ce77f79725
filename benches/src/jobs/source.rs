//! Reading: every message decoded and acked, the checkpoint stored.

use std::hint::black_box;
use std::pin::pin;

use futures::{Stream, TryStreamExt};
use headwater::source::Until;
use headwater::{Message, Result};
use headwater_kinesis::codec;
use headwater_kinesis::{KinesisSource, KinesisSourceBuilder};

use crate::endpoint::Endpoint;
use crate::order::Order;
use crate::processor::Processor;

/// Reads a stream through a processor. Returns how many messages there were.
pub(crate) async fn source(endpoint: &Endpoint, stream: &str, processor: Processor) -> Result<usize> {
    let source = connecting(endpoint, stream).connect().await?;
    let control = source.control();
    let count = match processor {
        Processor::Bytes => drain(source).await,
        Processor::String => drain(source.decode::<String, _>(codec::string())).await,
        Processor::Json => drain(source.decode::<Order, _>(codec::json())).await,
        Processor::JsonLines => drain(source.decode::<Order, _>(codec::json_lines())).await,
        Processor::JsonList => drain(source.decode::<Order, _>(codec::json_list())).await,
        Processor::Msgpack => drain(source.decode::<Order, _>(codec::msgpack())).await,
        Processor::KplString => drain(source.decode::<String, _>(codec::kpl_string())).await,
        Processor::KplJson => drain(source.decode::<Order, _>(codec::kpl_json())).await,
    }?;
    control.finished().await?; // the last checkpoint is stored
    Ok(count)
}

/// Describes a source that reads to the tip, as fast as the server answers where it has no limits.
pub(super) fn connecting(endpoint: &Endpoint, stream: &str) -> KinesisSourceBuilder {
    let source = KinesisSource::builder(stream).sdk_config(endpoint.config.clone()).until(Until::Tip);
    if endpoint.is_unlimited() { source.unpaced() } else { source }
}

async fn drain<T>(messages: impl Stream<Item = Result<Message<T>>>) -> Result<usize> {
    let mut messages = pin!(messages);
    let mut count = 0;
    while let Some(message) = messages.try_next().await? {
        black_box(message.payload());
        message.ack();
        count += 1;
    }
    Ok(count)
}
