//! What serde makes of an answer in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::told::{Told, ToldRecord, is_sequence, millis, whole};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reading {
    records: Vec<Record>,
    millis_behind_latest: Option<Number>,
    next_shard_iterator: Option<String>,
    continuation_sequence_number: Option<String>,
    child_shards: Option<Vec<Child>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    data: String,
    partition_key: Option<String>,
    sequence_number: String,
    approximate_arrival_timestamp: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Child {
    shard_id: String,
    #[serde(default)]
    parent_shards: Vec<String>,
    #[expect(dead_code, reason = "it has to be well-formed")]
    hash_key_range: Option<Range>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "it has to be well-formed")]
struct Range {
    starting_hash_key: Option<String>,
    ending_hash_key: Option<String>,
}

/// Reads an answer of GetRecords or an event; `None` where it is none.
pub(super) fn read(json: &[u8]) -> Option<Told> {
    let reading: Reading = serde_json::from_str(str::from_utf8(json).ok()?).ok()?;
    let behind = match reading.millis_behind_latest {
        Some(number) => Some(number.as_i64().or_else(|| whole(number.as_f64()?))?),
        None => None,
    };
    Some(Told {
        records: reading.records.into_iter().map(record).collect::<Option<_>>()?,
        behind,
        iterator: reading.next_shard_iterator,
        continuation: reading.continuation_sequence_number.filter(|digits| !digits.is_empty()),
        children: reading
            .child_shards
            .into_iter()
            .flatten()
            .map(|child| (child.shard_id, child.parent_shards))
            .collect(),
    })
}

fn record(record: Record) -> Option<ToldRecord> {
    let time = match record.approximate_arrival_timestamp {
        Some(seconds) => Some(millis(seconds)?),
        None => None,
    };
    is_sequence(&record.sequence_number).then_some(())?;
    Some(ToldRecord {
        data: STANDARD.decode(record.data).ok()?,
        key: record.partition_key.filter(|key| !key.is_empty()),
        sequence: record.sequence_number,
        millis: time,
    })
}

/// Tells whether all of an answer, what nobody asks for included, is of use: serde skips over half of a surrogate pair,
/// and takes a list of values for an object without its names.
pub(super) fn is_sound(json: &[u8]) -> bool {
    let answer: Value = match serde_json::from_slice(json) {
        Ok(answer) => answer,
        Err(_) => return false,
    };
    let items = |field: &str| answer[field].as_array().into_iter().flatten();
    let children = || items("ChildShards");
    answer.is_object()
        && items("Records").chain(children()).all(Value::is_object)
        && children().all(|child| !child["HashKeyRange"].is_array())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Putting {
    records: Vec<Entry>,
}

/// What PutRecords says of one entry.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    pub(super) shard_id: Option<String>,
    pub(super) sequence_number: Option<String>,
    pub(super) error_code: Option<String>,
    pub(super) error_message: Option<String>,
}

/// Reads an answer of PutRecords; `None` where it is none.
pub(super) fn read_put(json: &[u8]) -> Option<Vec<Entry>> {
    let putting: Putting = serde_json::from_str(str::from_utf8(json).ok()?).ok()?;
    Some(putting.records)
}
