//! What a stream holds: put there before a run, and looked at after it, by the plain SDK.

use headwater::codec::Frame;
use headwater::{Headers, Key};
use headwater_kinesis::kpl::hash_key;

use crate::endpoint::Endpoint;
use crate::format::Format;
use crate::load::Load;
use crate::outcome::Outcome;
use crate::processor::Processor;
use crate::sdk::{Pages, Requests};

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Records.
    pub(crate) records: usize,
    /// Messages in them.
    pub(crate) messages: usize,
    /// The bytes of the messages, without framing.
    pub(crate) bytes: u64,
}

/// Writes the messages of a load into the shards that their keys belong to, records as full as the framing allows.
pub(crate) async fn fill(
    endpoint: &Endpoint,
    stream: &str,
    shards: usize,
    load: &Load,
    format: Format,
    framing: Processor,
) -> Outcome {
    let framing = framing.framing();
    // A new stream's shards own even parts of the hash keys.
    let part = (u128::MAX / shards as u128).saturating_add(1);
    let mut open: Vec<_> = (0..shards).map(|_| Open { frame: framing.open(), first: None }).collect();
    let mut requests = Requests::new(endpoint, stream);
    for n in 0..load.records {
        let (key, payload) = (load.key(n), format.encode(load, n)?);
        let shard = &mut open[(hash_key(key).get() / part) as usize];
        if !framing.joins() || shard.frame.len_with(key, &payload, &Headers::new()) > framing.frame_size() {
            shard.put(&mut requests).await?;
        }
        shard.frame.push(key, &payload, &Headers::new());
        shard.first.get_or_insert_with(|| key.clone());
    }
    for shard in &mut open {
        shard.put(&mut requests).await?;
    }
    requests.send().await
}

/// The record in the making of one shard.
struct Open {
    frame: Box<dyn Frame>,
    /// The key of its first message, which becomes the record's.
    first: Option<Key>,
}

impl Open {
    /// Puts the record, unless there is none.
    async fn put(&mut self, requests: &mut Requests<'_>) -> Outcome {
        if let Some(key) = self.first.take() {
            requests.put(key.partition_key().to_owned(), self.frame.finish().into()).await?;
        }
        Ok(())
    }
}

/// Takes the records of a stream apart and counts.
pub(crate) async fn count(endpoint: &Endpoint, stream: &str, framing: Processor) -> Outcome<Stored> {
    let framing = framing.framing();
    let mut stored = Stored::default();
    for mut pages in Pages::of_each_shard(endpoint, stream).await? {
        while let Some(records) = pages.next().await? {
            for record in records {
                let split = framing.split(&record.data.into_inner().into());
                if let Some((_, cause)) = split.damaged {
                    return Err(cause);
                }
                stored.records += 1;
                stored.messages += split.parts.len();
                stored.bytes += split.parts.iter().map(|part| part.payload.len() as u64).sum::<u64>();
            }
        }
    }
    Ok(stored)
}
