//! One record of an answer.

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types;
use bytes::Bytes;
use headwater::source::Record;
use headwater::{Headers, Key, SequenceNumber};

use crate::wire::read::{Blob, DEPTH, Read, Reader};

/// The most digits of a sequence number.
/// Source: [Record](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html).
const DIGITS: usize = 129;

/// The fields that count, in the order in which the service writes them.
const FIELDS: [&str; 4] = ["SequenceNumber", "ApproximateArrivalTimestamp", "Data", "PartitionKey"];

/// Reads a record; its payload is still to be decoded.
pub(super) fn read<'a, R: Reader<'a>>(reader: &mut R) -> Read<(Record, Blob<'a>)> {
    let (mut data, mut key, mut sequence, mut arrival) = (None, None, None, None);
    let mut members = reader.map()?;
    while let Some(field) = reader.field(&mut members, &FIELDS)? {
        match &*field {
            "Data" if data.is_none() => data = Some(reader.blob()?),
            "PartitionKey" if key.is_none() => key = Some(reader.nullable(R::text)?),
            "SequenceNumber" if sequence.is_none() => sequence = Some(read_sequence(reader)?),
            "ApproximateArrivalTimestamp" if arrival.is_none() => {
                arrival = Some(reader.nullable(R::time)?);
            }
            "Data" | "PartitionKey" | "SequenceNumber" | "ApproximateArrivalTimestamp" => {
                return reader.bad("each field once");
            }
            _ => reader.skip(DEPTH)?,
        }
    }
    let (Some(data), Some(sequence)) = (data, sequence) else {
        return reader.bad("a record with Data and SequenceNumber");
    };
    Ok((plain(Bytes::new(), key.flatten().as_deref(), sequence, arrival.flatten()), data))
}

fn read_sequence<'a, R: Reader<'a>>(reader: &mut R) -> Read<SequenceNumber> {
    let digits = reader.text()?;
    if !(1..=DIGITS).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return reader.bad("a sequence number of 1 to 129 digits before");
    }
    Ok(SequenceNumber::from(&*digits))
}

/// Takes over a record that the SDK has read.
pub(super) fn from_sdk(record: types::Record) -> Record {
    let arrival = record.approximate_arrival_timestamp.and_then(millis);
    let payload = Bytes::from(record.data.into_inner());
    plain(payload, record.partition_key.as_deref(), record.sequence_number.into(), arrival)
}

/// Undoes what a double did to the milliseconds that it was read from.
fn millis(time: DateTime) -> Option<SystemTime> {
    let since = SystemTime::try_from(time).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let millis = (since + Duration::from_micros(500)).as_millis();
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis as u64))
}

fn plain(payload: Bytes, key: Option<&str>, sequence: SequenceNumber, arrival: Option<SystemTime>) -> Record {
    Record {
        payload,
        // Streams that distribute records by themselves may return none, or an empty one.
        key: key.filter(|key| !key.is_empty()).map(Key::from),
        headers: Headers::new(),
        sequence,
        sub_sequence: None,
        completes: true,
        arrival,
    }
}
