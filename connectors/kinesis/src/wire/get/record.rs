//! One record of an answer.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types;
use bytes::Bytes;
use headwater::source::Record;
use headwater::{Headers, Key, SequenceNumber};

use crate::wire::read::{Blob, DEPTH, Read, Reader, all};

/// The most digits of a sequence number.
/// Source: [Record](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html).
const DIGITS: usize = 129;

/// The fields that count, in the order in which the service writes them, and their places.
const FIELDS: [&str; 4] = ["SequenceNumber", "ApproximateArrivalTimestamp", "Data", "PartitionKey"];
const SEQUENCE: usize = 0;
const ARRIVAL: usize = 1;
const DATA: usize = 2;
const KEY: usize = 3;

/// A record as an answer has it.
pub(super) struct Found<'a> {
    pub(super) data: Blob<'a>,
    key: Option<Cow<'a, str>>,
    sequence: Cow<'a, str>,
    arrival: Option<SystemTime>,
}

/// Reads a record.
#[inline]
pub(super) fn read<'a, R: Reader<'a>>(reader: &mut R) -> Read<Found<'a>> {
    let (mut data, mut key, mut sequence, mut arrival) = (None, None, None, None);
    let mut members = reader.map()?;
    let mut likely = 0;
    while let Some(field) = reader.field(&mut members, &FIELDS, likely)? {
        match field {
            DATA if data.is_none() => data = Some(reader.blob()?),
            KEY if key.is_none() => key = Some(reader.nullable(R::text)?),
            SEQUENCE if sequence.is_none() => sequence = Some(read_sequence(reader)?),
            ARRIVAL if arrival.is_none() => arrival = Some(reader.nullable(R::time)?),
            SEQUENCE..=KEY => return reader.bad("each field once"),
            _ => reader.skip(DEPTH)?,
        }
        likely = field + 1;
    }
    let (Some(data), Some(sequence)) = (data, sequence) else {
        return reader.bad("a record with Data and SequenceNumber");
    };
    Ok(Found { data, key: key.flatten(), sequence, arrival: arrival.flatten() })
}

fn read_sequence<'a, R: Reader<'a>>(reader: &mut R) -> Read<Cow<'a, str>> {
    let digits = reader.text()?;
    if !(1..=DIGITS).contains(&digits.len()) || !all(digits.as_bytes(), |byte| byte.is_ascii_digit()) {
        return reader.bad("a sequence number of 1 to 129 digits before");
    }
    Ok(digits)
}

impl Found<'_> {
    /// Makes a record of it.
    pub(super) fn with(self, payload: Bytes) -> Record {
        plain(payload, self.key.as_deref(), SequenceNumber::from(&*self.sequence), self.arrival)
    }
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
