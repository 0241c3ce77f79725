//! The bodies of PutRecord and PutRecords: the hot path of a producer.
//!
//! It is one pass over the body, and what is stored shares the body's buffer.

use bytes::Bytes;

use super::read::Reader;
use crate::error::{Error, ErrorCode};
use crate::ops::{Entry, NamedStream, PutRecord, PutRecords};
use crate::store::{Payload, Text};

/// What a request says of its stream.
#[derive(Default)]
struct Named {
    name: Option<Text>,
    arn: Option<Text>,
}

/// What a request says of one record.
#[derive(Default)]
struct Record {
    data: Option<Bytes>,
    partition_key: Option<Text>,
    explicit_hash_key: Option<Text>,
}

pub(super) fn put_records(body: &Bytes) -> Result<PutRecords, Error> {
    let mut reader = Reader::new(body);
    let (mut named, mut records) = (Named::default(), None);
    reader.map(|reader, name| {
        if name == b"Records" {
            return once(&mut records, read_records(reader)?, name);
        }
        if named.take(reader, name)? { Ok(()) } else { reader.skip() }
    })?;
    reader.end()?;
    let records = records.ok_or_else(|| Error::missing("records"))?;
    let entries = records
        .into_iter()
        .enumerate()
        .map(|(index, record)| record.into_entry(|member| format!("records.{}.member.{member}", index + 1)));
    Ok(PutRecords {
        entries: entries.collect::<Result<_, _>>()?,
        stream: named.into_stream(),
        body_len: body.len(),
    })
}

pub(super) fn put_record(body: &Bytes) -> Result<PutRecord, Error> {
    let mut reader = Reader::new(body);
    let (mut named, mut record) = (Named::default(), Record::default());
    reader.map(|reader, name| {
        if named.take(reader, name)? || record.take(reader, name)? { Ok(()) } else { reader.skip() }
    })?;
    reader.end()?;
    Ok(PutRecord {
        entry: record.into_entry(str::to_owned)?,
        stream: named.into_stream(),
        body_len: body.len(),
    })
}

fn read_records(reader: &mut Reader<'_>) -> Result<Option<Vec<Record>>, Error> {
    let mut records = Vec::new();
    let present = reader.array(|reader| {
        let mut record = Record::default();
        reader.map(|reader, name| if record.take(reader, name)? { Ok(()) } else { reader.skip() })?;
        records.push(record);
        Ok(())
    })?;
    Ok(present.then_some(records))
}

impl Named {
    /// Reads the value of a member that it has. Returns whether it has one of this name.
    fn take(&mut self, reader: &mut Reader<'_>, name: &[u8]) -> Result<bool, Error> {
        match name {
            b"StreamName" => once(&mut self.name, reader.text()?, name)?,
            b"StreamARN" => once(&mut self.arn, reader.text()?, name)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn into_stream(self) -> NamedStream {
        let owned = |text: Text| text.as_str().to_owned();
        NamedStream { name: self.name.map(owned), arn: self.arn.map(owned) }
    }
}

impl Record {
    /// Reads the value of a member that it has. Returns whether it has one of this name.
    fn take(&mut self, reader: &mut Reader<'_>, name: &[u8]) -> Result<bool, Error> {
        match name {
            b"Data" => once(&mut self.data, reader.bytes()?, name)?,
            b"PartitionKey" => once(&mut self.partition_key, reader.text()?, name)?,
            b"ExplicitHashKey" => once(&mut self.explicit_hash_key, reader.text()?, name)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn into_entry(self, at: impl Fn(&str) -> String) -> Result<Entry, Error> {
        Ok(Entry {
            payload: Payload::Plain(self.data.ok_or_else(|| Error::missing(&at("data")))?),
            partition_key: self.partition_key,
            explicit_hash_key: self.explicit_hash_key,
        })
    }
}

/// Keeps the value of a member, of which there is one at most.
fn once<T>(member: &mut Option<T>, value: Option<T>, name: &[u8]) -> Result<(), Error> {
    if member.is_some() {
        let message = format!("duplicate field `{}`", String::from_utf8_lossy(name));
        return Err(Error::new(ErrorCode::Serialization, message));
    }
    *member = value;
    Ok(())
}
