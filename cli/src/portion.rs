//! Which part of a stream is read.

use headwater::ShardId;
use headwater::source::Start;
use headwater_kinesis::{KinesisSourceBuilder, StreamRef};

use crate::begin::Begin;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::stream_api::StreamApi;

/// Starts to describe a source that begins somewhere, of some shards or, where none is named, of all.
pub(crate) async fn portion(
    connection: &Connection,
    stream: &StreamRef,
    from: &Begin,
    shards: &[String],
) -> Result<KinesisSourceBuilder, Failure> {
    let source = connection.source(stream).only_shards(shards.iter().map(String::as_str));
    Ok(match from {
        Begin::Horizon => source.start(Start::TrimHorizon),
        Begin::Latest => source.start(Start::Latest),
        Begin::Time(time) => source.start_at(*time),
        Begin::Sequence(sequence) => {
            let known = match shards {
                [_, ..] => shards.iter().map(|shard| shard.as_str().into()).collect(),
                [] => list(connection, stream).await?,
            };
            match &known[..] {
                [shard] => source.start_shard(shard.clone(), sequence.clone()),
                known => {
                    let known: Vec<&str> = known.iter().map(ShardId::as_str).collect();
                    return Err(Failure::usage(format!(
                        "--from {sequence}: a sequence number is of one shard, which --shard names: one of {}",
                        known.join(", ")
                    )));
                }
            }
        }
    })
}

/// Lists the shards of a stream, closed ones too.
async fn list(connection: &Connection, stream: &StreamRef) -> Result<Vec<ShardId>, Failure> {
    let listed = StreamApi::new(connection, stream.clone())?.shards().await.map_err(Failure::failed)?;
    Ok(listed.into_iter().map(|shard| ShardId::new(shard.shard_id)).collect())
}
