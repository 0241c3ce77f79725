//! The server's process: the embedded endpoint, and streams filled and counted without a client.

use std::io::Write;

use headwater::codec::Frame;
use headwater_kinesis::kpl::{DEFAULT_MAX_AGGREGATE, hash_key};
use headwater_local::LocalKinesis;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use crate::Outcome;
use crate::command::{Answer, Command, SHARDS, Stored};
use crate::format::Format;
use crate::load::Load;
use crate::processor::Processor;

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
    let mut frames: Vec<_> = (0..SHARDS).map(|_| framing.open()).collect();
    let put = |frame: &mut Box<dyn Frame>, shard: usize| {
        let key = format!("shard-{shard}");
        local.put_at(stream, &key, first_hash_key(shard), frame.finish()).map(drop)
    };
    for n in 0..records {
        let (key, payload) = (load.key(n), format.encode(&load, n)?);
        let shard = (hash_key(key).get() / width()) as usize;
        let frame = &mut frames[shard];
        let is_full = !framing.joins() || frame.len_with(key, &payload) > DEFAULT_MAX_AGGREGATE;
        if frame.count() > 0 && is_full {
            put(frame, shard)?;
        }
        frame.push(key, &payload);
    }
    for (shard, frame) in frames.iter_mut().enumerate().filter(|(_, frame)| frame.count() > 0) {
        put(frame, shard)?;
    }
    Ok(())
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

/// Returns how many hash keys a shard owns.
fn width() -> u128 {
    u128::MAX / SHARDS as u128 + 1
}

fn first_hash_key(shard: usize) -> u128 {
    width() * shard as u128
}
