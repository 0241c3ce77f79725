//! Outcomes into bodies. Those of records are written by hand into one buffer of the right size.

use std::io::Write;

use bytes::Bytes;
use serde::Serialize;

use crate::error::ErrorCode;
use crate::ops::{EntryOutcome, Output, PutOutcome, ReadPage, Reading};
use crate::store::{Record, Shard};

/// Bytes of a stored entry in the answer of PutRecords: a sequence number, a shard id and what is around
/// them.
const ENTRY_BYTES: usize = 128;

/// Bytes of a record in the answer of GetRecords or in an event, apart from its data and its key.
const RECORD_BYTES: usize = 192;

/// Writes the answer of an operation.
pub(crate) fn encode(output: &Output) -> Bytes {
    match output {
        // What a subscription gives comes as events.
        Output::Empty | Output::Subscribed(_) => Bytes::new(),
        Output::Stored(outcome) => put_record(outcome),
        Output::Entries(outcome) => put_records(outcome),
        Output::Page(page) => get_records(page),
        output => to_json(output),
    }
}

/// Writes an error. `message` is in lower case, as the API's model has it and every SDK reads it.
pub(crate) fn encode_error(code: ErrorCode, message: &str) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(rename = "__type")]
        code: &'a str,
        message: &'a str,
    }
    to_json(&Body { code: code.name(), message })
}

fn to_json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).expect("outputs are plain structs").into()
}

fn put_record(outcome: &PutOutcome) -> Bytes {
    let mut body = Vec::with_capacity(ENTRY_BYTES);
    for entry in &outcome.entries {
        write_entry(&mut body, outcome, entry);
    }
    body.into()
}

fn put_records(outcome: &PutOutcome) -> Bytes {
    let mut body = Vec::with_capacity(64 + outcome.entries.len() * ENTRY_BYTES);
    body.extend_from_slice(b"{\"FailedRecordCount\":");
    write_number(&mut body, outcome.failed as u64);
    body.extend_from_slice(b",\"Records\":[");
    for (index, entry) in outcome.entries.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_entry(&mut body, outcome, entry);
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn write_entry(body: &mut Vec<u8>, outcome: &PutOutcome, entry: &EntryOutcome) {
    match entry {
        EntryOutcome::Stored { shard, counter } => {
            let shard = &outcome.shards[*shard];
            body.extend_from_slice(b"{\"SequenceNumber\":\"");
            shard.sequence_number(*counter).write(body);
            body.extend_from_slice(b"\",\"ShardId\":\"");
            body.extend_from_slice(shard.name.as_bytes());
            body.extend_from_slice(b"\"}");
        }
        EntryOutcome::Failed { code, message } => {
            body.extend_from_slice(b"{\"ErrorCode\":");
            write_string(body, code.name());
            body.extend_from_slice(b",\"ErrorMessage\":");
            write_string(body, message);
            body.push(b'}');
        }
    }
}

fn get_records(page: &ReadPage) -> Bytes {
    write_reading(&page.reading, |body| {
        if let Some(iterator) = &page.next_iterator {
            body.extend_from_slice(b",\"NextShardIterator\":");
            write_string(body, iterator);
        }
    })
}

/// Writes a SubscribeToShardEvent. `continuation` is the counter that it can be resumed after; the last event of
/// a shard has none.
pub(crate) fn encode_event(reading: &Reading, continuation: Option<u64>) -> Bytes {
    write_reading(reading, |body| {
        if let Some(counter) = continuation {
            body.extend_from_slice(b",\"ContinuationSequenceNumber\":\"");
            reading.shard.sequence_number(counter).write(body);
            body.push(b'"');
        }
    })
}

/// Writes a reading, and between its members what says how to go on.
fn write_reading(reading: &Reading, write_next: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let content = |record: &Record| record.payload.base64_len() + record.partition_key.as_bytes().len();
    let size: usize = reading.records.iter().map(|record| content(record) + RECORD_BYTES).sum();
    let mut body = Vec::with_capacity(size + 1024);
    body.extend_from_slice(b"{\"MillisBehindLatest\":");
    write_number(&mut body, reading.millis_behind_latest);
    write_next(&mut body);
    if !reading.child_shards.is_empty() {
        body.extend_from_slice(b",\"ChildShards\":");
        write_json(&mut body, &reading.child_shards);
    }
    body.extend_from_slice(b",\"Records\":[");
    for (index, record) in reading.records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_record(&mut body, &reading.shard, record);
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn write_record(body: &mut Vec<u8>, shard: &Shard, record: &Record) {
    body.extend_from_slice(b"{\"ApproximateArrivalTimestamp\":");
    write_number(body, record.arrival / 1000);
    let digit = |place: u64| b'0' + (record.arrival / place % 10) as u8;
    body.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
    body.extend_from_slice(b",\"Data\":\"");
    record.payload.write_base64(body);
    body.push(b'"');
    let key = record.partition_key.as_str();
    if !key.is_empty() {
        body.extend_from_slice(b",\"PartitionKey\":");
        write_string(body, key);
    }
    body.extend_from_slice(b",\"SequenceNumber\":\"");
    shard.sequence_number(record.counter).write(body);
    body.extend_from_slice(b"\"}");
}

fn write_number(body: &mut Vec<u8>, number: u64) {
    write!(body, "{number}").expect("a vector takes every write");
}

/// Writes a string. Almost none needs an escape, and then it is one copy.
fn write_string(body: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        write_json(body, &text);
    } else {
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
    }
}

fn write_json<T: Serialize + ?Sized>(body: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(body, value).expect("outputs are plain structs");
}
