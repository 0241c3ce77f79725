//! From a GetRecords answer to a page of records, aggregates taken apart.

use std::time::SystemTime;

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::types;
use bytes::Bytes;
use headwater::source::{Page, Record, Shard};
use headwater::{Key, SequenceNumber, ShardId};

use crate::StreamRef;
use crate::kpl::{Contents, deaggregate};

/// Makes a page of an answer.
pub(super) fn page(stream: &StreamRef, shard: &ShardId, output: GetRecordsOutput, takes_apart: bool) -> Page {
    let end = output.next_shard_iterator.is_none().then(|| {
        output.child_shards.unwrap_or_default().into_iter().map(|child| Shard {
            id: ShardId::new(child.shard_id),
            parents: child.parent_shards.into_iter().map(ShardId::new).collect(),
        })
    });
    let mut page = Page {
        records: Vec::with_capacity(output.records.len()),
        bytes: 0,
        millis_behind_latest: output.millis_behind_latest.map(|millis| millis.max(0).cast_unsigned()),
        gap: false,
        end: end.map(Iterator::collect),
    };
    for record in output.records {
        page.bytes += record.data.as_ref().len();
        push(&mut page.records, record, takes_apart.then_some((stream, shard)));
    }
    page
}

/// Adds a record, or its user records if it is an aggregate and is to be taken apart.
fn push(records: &mut Vec<Record>, record: types::Record, takes_apart: Option<(&StreamRef, &ShardId)>) {
    let sequence = SequenceNumber::new(record.sequence_number);
    let arrival = record.approximate_arrival_timestamp.and_then(|time| SystemTime::try_from(time).ok());
    let data = Bytes::from(record.data.into_inner());
    let contents = match takes_apart {
        Some((stream, shard)) => contents(stream, shard, &sequence, &data),
        None => Contents::Plain,
    };
    let plain = |payload, key| Record {
        payload,
        key,
        sequence: sequence.clone(),
        sub_sequence: None,
        completes: true,
        arrival,
    };
    match contents {
        Contents::Aggregate(user_records) => {
            let last = user_records.len().saturating_sub(1);
            records.extend(user_records.into_iter().enumerate().map(|(index, user)| Record {
                sub_sequence: Some(index as u64),
                completes: index == last,
                ..plain(user.data, Some(user.key))
            }));
        }
        // Streams that distribute records by themselves may return none, or an empty one.
        _ => records.push(plain(data, record.partition_key.filter(|key| !key.is_empty()).map(Key::new))),
    }
}

/// Looks into a record. One that cannot be taken apart is delivered whole, so that the poison policy of a `decode`
/// settles what becomes of it.
fn contents(stream: &StreamRef, shard: &ShardId, sequence: &SequenceNumber, data: &Bytes) -> Contents {
    let damage = match deaggregate(data) {
        Ok(Contents::BadDigest) => "its MD5 is wrong".to_owned(),
        Ok(contents) => return contents,
        Err(error) => error.to_string(),
    };
    tracing::warn!(%stream, %shard, %sequence, damage, "an aggregate cannot be taken apart; delivered whole");
    Contents::BadDigest
}
