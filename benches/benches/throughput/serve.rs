//! The server's process: the embedded endpoint, and streams filled and counted without a client.

use std::io::Write;

use headwater::codec::Frame;
use headwater::{Headers, Key};
use headwater_kinesis::kpl::{DEFAULT_MAX_AGGREGATE, hash_key};
use headwater_local::LocalKinesis;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::Outcome;
use crate::command::{Answer, Command, SHARDS, Stored};
use crate::format::Format;
use crate::load::Load;
use crate::processor::Processor;

/// How many hash keys a shard owns.
const HASH_KEYS: u128 = u128::MAX / SHARDS as u128 + 1;

/// Serves until standard input ends, which it does with the process that started this one.
pub(crate) async fn serve() -> Outcome {
    let server = LocalKinesis::builder().serve().await?;
    answer(&Answer::Listening { url: server.endpoint_url() })?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let done = serde_json::from_str(&line).map_err(Into::into).and_then(|command| run(&server, command));
        answer(&done.map_or_else(|error| Answer::Failed { why: error.to_string() }, Answer::Done))?;
    }
    Ok(())
}

fn answer(answer: &Answer) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, answer)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

fn run(local: &LocalKinesis, command: Command) -> Outcome<Stored> {
    match command {
        Command::Create { stream } => local.create_stream(&stream, SHARDS)?,
        Command::Fill { stream, format, framing, records } => {
            local.create_stream(&stream, SHARDS)?;
            fill(local, &stream, format, framing, records)?;
        }
        Command::Count { stream, framing } => return count(local, &stream, framing),
        Command::Delete { stream } => local.delete_stream(&stream)?,
    }
    Ok(Stored::default())
}

/// Writes the messages of a load into the shards that their keys belong to.
fn fill(local: &LocalKinesis, stream: &str, format: Format, framing: Processor, records: usize) -> Outcome {
    let load = Load::new(records)?;
    let framing = framing.framing();
    let mut shards: Vec<_> = (0..SHARDS).map(|_| Open { frame: framing.open(), first: None }).collect();
    for n in 0..records {
        let (key, payload) = (load.key(n), format.encode(&load, n)?);
        let shard = &mut shards[(hash_key(key).get() / HASH_KEYS) as usize];
        if !framing.joins() || shard.frame.len_with(key, &payload, &Headers::new()) > DEFAULT_MAX_AGGREGATE {
            shard.put(local, stream)?;
        }
        shard.frame.push(key, &payload, &Headers::new());
        shard.first.get_or_insert_with(|| key.clone());
    }
    shards.iter_mut().try_for_each(|shard| shard.put(local, stream))
}

/// The record in the making of one shard.
struct Open {
    frame: Box<dyn Frame>,
    /// The key of its first message, which becomes the record's.
    first: Option<Key>,
}

impl Open {
    /// Puts the record, unless there is none.
    fn put(&mut self, local: &LocalKinesis, stream: &str) -> Outcome {
        if let Some(key) = self.first.take() {
            local.put(stream, key.partition_key(), self.frame.finish())?;
        }
        Ok(())
    }
}

fn count(local: &LocalKinesis, stream: &str, framing: Processor) -> Outcome<Stored> {
    let framing = framing.framing();
    let mut stored = Stored::default();
    for shard in local.shards(stream)? {
        for record in local.shard_records(stream, &shard.shard_id)? {
            let split = framing.split(&record.data);
            if let Some((_, cause)) = split.damaged {
                return Err(cause);
            }
            stored.records += 1;
            stored.messages += split.parts.len();
            stored.bytes += split.parts.iter().map(|part| part.payload.len() as u64).sum::<u64>();
        }
    }
    Ok(stored)
}
