//! PutRecords: the entries of a request are counted, each gets a sequence number, and nothing is kept.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use headwater::Key;
use headwater_kinesis::kpl::hash_key;
use memchr::memmem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::null::cbor::Writer;
use crate::null::reply::Encoding;
use crate::outcome::Outcome;

/// What each entry holds once, in both formats.
const FIELD: &[u8] = b"PartitionKey";

/// What decides where entries go.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    records: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    partition_key: String,
    explicit_hash_key: Option<String>,
}

/// The shards of every stream, which own even parts of the hash keys.
pub(super) struct Shards {
    names: Vec<String>,
    part: u128,
    next: AtomicU64,
}

/// Writes a sequence number, as long as those of Kinesis are.
pub(super) fn sequence(number: u64) -> String {
    format!("495903383214902566085596925383615710{number:020}")
}

/// Returns the name of a shard.
pub(super) fn shard_name(shard: usize) -> String {
    format!("shardId-{shard:012}")
}

impl Shards {
    /// Describes so many shards.
    pub(super) fn new(count: usize) -> Self {
        let part = (u128::MAX / count as u128).saturating_add(u128::from(count > 1));
        Self { names: (0..count).map(shard_name).collect(), part, next: AtomicU64::new(1) }
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Returns them as ListShards does.
    pub(super) fn listed(&self) -> Vec<Value> {
        let shard = |(n, name): (usize, &String)| {
            let first = self.part * n as u128;
            let last = if n + 1 == self.count() { u128::MAX } else { first + self.part - 1 };
            json!({
                "ShardId": name,
                "HashKeyRange": { "StartingHashKey": first.to_string(), "EndingHashKey": last.to_string() },
                "SequenceNumberRange": { "StartingSequenceNumber": sequence(0) },
            })
        };
        self.names.iter().enumerate().map(shard).collect()
    }

    /// Answers a request.
    pub(super) fn put(&self, body: &[u8], encoding: Encoding) -> Outcome<Vec<u8>> {
        let places = match self.count() {
            // Where there is but one, counting is enough.
            1 => vec![0; memmem::find_iter(body, FIELD).count()],
            _ => self.places(body, encoding)?,
        };
        let (first, count) = (self.next.fetch_add(places.len() as u64, Relaxed), places.len());
        let stored = places.into_iter().zip(first..).map(|(shard, n)| (sequence(n), &*self.names[shard]));
        Ok(match encoding {
            Encoding::Json => json(stored),
            Encoding::Cbor => cbor(count, stored),
        })
    }

    /// Returns the shard that each entry belongs to.
    fn places(&self, body: &[u8], encoding: Encoding) -> Outcome<Vec<usize>> {
        let request: Request = match encoding {
            Encoding::Json => serde_json::from_slice(body)?,
            Encoding::Cbor => ciborium::from_reader(body)?,
        };
        let place = |entry: Entry| {
            let hash = match entry.explicit_hash_key {
                Some(hash) => hash.parse()?,
                None => hash_key(&Key::new(entry.partition_key)).get(),
            };
            Ok((hash / self.part) as usize)
        };
        request.records.into_iter().map(place).collect()
    }
}

fn json<'a>(stored: impl Iterator<Item = (String, &'a str)>) -> Vec<u8> {
    let mut body = br#"{"FailedRecordCount":0,"Records":["#.to_vec();
    for (sequence, shard) in stored {
        body.extend_from_slice(br#"{"SequenceNumber":""#);
        body.extend_from_slice(sequence.as_bytes());
        body.extend_from_slice(br#"","ShardId":""#);
        body.extend_from_slice(shard.as_bytes());
        body.extend_from_slice(br#""},"#);
    }
    if body.ends_with(b",") {
        body.pop();
    }
    body.extend_from_slice(b"]}");
    body
}

fn cbor<'a>(count: usize, stored: impl Iterator<Item = (String, &'a str)>) -> Vec<u8> {
    let mut body = Vec::new();
    body.map(2);
    body.text("FailedRecordCount");
    body.unsigned(0);
    body.text("Records");
    body.array(count as u64);
    for (sequence, shard) in stored {
        body.map(2);
        body.text("SequenceNumber");
        body.text(&sequence);
        body.text("ShardId");
        body.text(shard);
    }
    body
}
