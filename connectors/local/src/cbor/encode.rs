//! Outcomes into bodies. Those of records are written by hand into one buffer of the right size.

use bytes::Bytes;

use super::write::Writer;
use crate::error::ErrorCode;
use crate::ops::{EntryOutcome, Output, PutOutcome, ReadPage, Reading};
use crate::store::{Record, Shard};

/// Bytes of a stored entry in the answer of PutRecords: a sequence number, a shard id and what is around
/// them.
const ENTRY_BYTES: usize = 112;

/// Bytes of a record in the answer of GetRecords or in an event, apart from its data and its key.
const RECORD_BYTES: usize = 144;

/// Writes the answer of an operation.
pub(crate) fn encode(output: &Output) -> Bytes {
    let mut body = Writer::with_capacity(0);
    match output {
        // What a subscription gives comes as events.
        Output::Empty | Output::Subscribed(_) => {}
        Output::Stored(outcome) => {
            for entry in &outcome.entries {
                write_entry(&mut body, outcome, entry);
            }
        }
        Output::Entries(outcome) => body = put_records(outcome),
        Output::Page(page) => return get_records(page),
        output => body.value(output),
    }
    body.into_body().into()
}

/// Writes an error. `message` is in lower case, as the API's model has it and every SDK reads it.
pub(crate) fn encode_error(code: ErrorCode, message: &str) -> Bytes {
    let mut body = Writer::with_capacity(code.name().len() + message.len() + 32);
    body.map(2);
    body.text("__type");
    body.text(code.name());
    body.text("message");
    body.text(message);
    body.into_body().into()
}

/// Writes a SubscribeToShardEvent. `continuation` is the counter that it can be resumed after; the last event of
/// a shard has none.
pub(crate) fn encode_event(reading: &Reading, continuation: Option<u64>) -> Bytes {
    write_reading(reading, continuation.is_some(), |body| {
        if let Some(counter) = continuation {
            body.text("ContinuationSequenceNumber");
            body.sequence_number(reading.shard.sequence_number(counter));
        }
    })
}

fn get_records(page: &ReadPage) -> Bytes {
    write_reading(&page.reading, page.next_iterator.is_some(), |body| {
        if let Some(iterator) = &page.next_iterator {
            body.text("NextShardIterator");
            body.text(iterator);
        }
    })
}

fn put_records(outcome: &PutOutcome) -> Writer {
    let mut body = Writer::with_capacity(64 + outcome.entries.len() * ENTRY_BYTES);
    body.map(2);
    body.text("FailedRecordCount");
    body.number(outcome.failed as u64);
    body.text("Records");
    body.array(outcome.entries.len());
    for entry in &outcome.entries {
        write_entry(&mut body, outcome, entry);
    }
    body
}

fn write_entry(body: &mut Writer, outcome: &PutOutcome, entry: &EntryOutcome) {
    body.map(2);
    match entry {
        EntryOutcome::Stored { shard, counter } => {
            let shard = &outcome.shards[*shard];
            body.text("SequenceNumber");
            body.sequence_number(shard.sequence_number(*counter));
            body.text("ShardId");
            body.text(&shard.name);
        }
        EntryOutcome::Failed { code, message } => {
            body.text("ErrorCode");
            body.text(code.name());
            body.text("ErrorMessage");
            body.text(message);
        }
    }
}

/// Writes a reading, and between its members what says how to go on, where there is such.
fn write_reading(reading: &Reading, goes_on: bool, write_next: impl FnOnce(&mut Writer)) -> Bytes {
    let size: usize = reading.records.iter().map(|record| record.size() + RECORD_BYTES).sum();
    let mut body = Writer::with_capacity(size + 1024);
    let has_children = !reading.child_shards.is_empty();
    body.map(2 + usize::from(goes_on) + usize::from(has_children));
    body.text("MillisBehindLatest");
    body.number(reading.millis_behind_latest);
    write_next(&mut body);
    if has_children {
        body.text("ChildShards");
        body.value(&reading.child_shards);
    }
    body.text("Records");
    body.array(reading.records.len());
    for record in &reading.records {
        write_record(&mut body, &reading.shard, record);
    }
    body.into_body().into()
}

fn write_record(body: &mut Writer, shard: &Shard, record: &Record) {
    let key = record.partition_key.as_str();
    body.map(3 + usize::from(!key.is_empty()));
    body.text("ApproximateArrivalTimestamp");
    body.time(record.arrival);
    body.text("Data");
    body.data(record);
    if !key.is_empty() {
        body.text("PartitionKey");
        body.text(key);
    }
    body.text("SequenceNumber");
    body.sequence_number(shard.sequence_number(record.counter));
}
