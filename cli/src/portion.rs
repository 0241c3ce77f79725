//! Which part of a stream is read.

use headwater::source::Start;
use headwater::{Error, ErrorKind, ShardId};
use headwater_kinesis::{KinesisSourceBuilder, StreamRef};

use crate::begin::Begin;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::stream_api::StreamApi;

/// What the library calls a setting, and what its flag is called.
const FLAGS: [(&str, &str); 3] =
    [("only_shards", "--shard"), ("start_shard", "--from"), ("fan_out", "--fan-out")];

/// Starts to describe a source that begins somewhere, of some shards or, where none is named, of all.
pub(crate) async fn portion(
    connection: &Connection,
    stream: &str,
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

/// Tells why a source was refused, in the words of the flags.
pub(crate) fn refused(error: Error) -> Failure {
    if error.kind() != ErrorKind::Invalid {
        return error.into();
    }
    let told = error.to_string();
    let named = FLAGS.into_iter().find_map(|(setting, flag)| {
        let rest = told.strip_prefix(setting)?;
        Some(format!("{flag}{rest}"))
    });
    Failure::usage(named.unwrap_or(told))
}

/// Lists the shards of a stream, closed ones too.
async fn list(connection: &Connection, stream: &str) -> Result<Vec<ShardId>, Failure> {
    let named: StreamRef = stream.parse().map_err(refused)?;
    let listed = StreamApi::new(connection, named)?.shards().await.map_err(Failure::failed)?;
    Ok(listed.into_iter().map(|shard| ShardId::new(shard.shard_id)).collect())
}
