//! The reader of aggregates.

use bytes::Bytes;
use headwater::{Error, ErrorKind, HashKey, Headers, Key, Result};
use md5::{Digest, Md5};
use prost::Message;

use crate::kpl::proto::{AggregatedRecord, Record, Tag};
use crate::kpl::{DIGEST_LEN, MAGIC};

/// What a Kinesis record turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No aggregate: the record is one message, as it is.
    Plain,
    /// The record starts as an aggregate does and its MD5 is wrong. It is one message, as it is, and worth counting:
    /// a payload that starts so by chance is rare, and a damaged aggregate looks the same.
    BadDigest,
    /// An aggregate, with its user records in order.
    Aggregate(Vec<UserRecord>),
}

/// One message of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Its key, with an explicit hash key only where its producer gave one.
    pub key: Key,
    /// Its bytes, a slice of the record's.
    pub data: Bytes,
    /// Its headers, from its tags.
    pub headers: Headers,
}

impl UserRecord {
    /// Creates one without headers.
    pub fn new(key: impl Into<Key>, data: impl Into<Bytes>) -> Self {
        Self { key: key.into(), data: data.into(), headers: Headers::new() }
    }
}

/// Takes a Kinesis record apart if it is an aggregate.
///
/// A record is plain if it does not start with the aggregate's four magic bytes, is no longer than 20 bytes, ends in
/// the wrong MD5, or holds no such protobuf. Table entries may repeat or stay unused. Tags that are no headers, because
/// they are beyond the limits of [`Headers`] or no UTF-8, are left out. Takes time linear in the record's length and
/// never panics, whatever the bytes.
///
/// # Errors
///
/// `Decode` where the MD5 is right and a user record refers to a key that is not there, or to an explicit hash key
/// that is none. Nothing of the record is returned then, because its key decides where a user record belongs.
///
/// # Example
///
/// ```
/// use headwater::codec::Framing;
/// use headwater::{Headers, Key};
/// use headwater_kinesis::kpl::{Contents, Kpl, deaggregate};
///
/// let mut frame = Kpl.open();
/// frame.push(&Key::from("customer-7"), b"first", &Headers::new());
/// frame.push(&Key::from("customer-8"), b"second", &Headers::new());
///
/// let Contents::Aggregate(users) = deaggregate(&frame.finish())? else { panic!("plain") };
/// assert_eq!(users[1].key.partition_key(), "customer-8");
/// assert_eq!(users[1].data, "second");
///
/// assert_eq!(deaggregate(&"plain".into())?, Contents::Plain);
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn deaggregate(record: &Bytes) -> Result<Contents> {
    if !is_aggregate(record) {
        return Ok(Contents::Plain);
    }
    let body = record.slice(MAGIC.len()..record.len() - DIGEST_LEN);
    if Md5::digest(&body)[..] != record[record.len() - DIGEST_LEN..] {
        return Ok(Contents::BadDigest);
    }
    let Some((tables, records)) = read(body) else {
        return Ok(Contents::Plain);
    };
    let users = records.into_iter().enumerate().map(|(place, entry)| {
        let key = tables.key(&entry).map_err(|error| error.during(format!("user record {place}")))?;
        Ok(UserRecord { key, data: entry.data, headers: entry.headers })
    });
    users
        .collect::<Result<_>>()
        .map(Contents::Aggregate)
        .map_err(|error| error.during(format!("deaggregate a record of {} bytes", record.len())))
}

/// Tells whether a record looks like an aggregate from without.
pub(crate) fn is_aggregate(record: &[u8]) -> bool {
    record.len() > MAGIC.len() + DIGEST_LEN && record.starts_with(&MAGIC)
}

/// Reads the protobuf; `None` where it is not what the format says.
fn read(body: Bytes) -> Option<(Tables, Vec<Entry>)> {
    let aggregated = AggregatedRecord::decode(body).ok()?;
    let partition_keys = texts(&aggregated.partition_key_table)?.map(Key::from).collect();
    let hash_keys = texts(&aggregated.explicit_hash_key_table)?.map(|text| text.parse().ok()).collect();
    let records = aggregated.records.into_iter().map(entry).collect::<Option<_>>()?;
    Some((Tables { partition_keys, hash_keys }, records))
}

fn texts(table: &[Bytes]) -> Option<impl Iterator<Item = &str>> {
    let texts: Option<Vec<_>> = table.iter().map(|text| str::from_utf8(text).ok()).collect();
    texts.map(Vec::into_iter)
}

fn entry(record: Record) -> Option<Entry> {
    Some(Entry {
        partition_key: record.partition_key_index?,
        hash_key: record.explicit_hash_key_index,
        headers: headers(&record.tags),
        data: record.data?,
    })
}

fn headers(tags: &[Tag]) -> Headers {
    let mut headers = Headers::new();
    for tag in tags {
        let (name, value) = (tag.key.as_deref(), tag.value.as_deref());
        let text = |bytes| str::from_utf8(bytes).ok();
        if let (Some(name), Some(value)) = (text(name.unwrap_or_default()), text(value.unwrap_or_default())) {
            // One that no message may have is none.
            let _ = headers.insert(name, value);
        }
    }
    headers
}

/// A user record with the indices of its keys.
struct Entry {
    partition_key: u64,
    hash_key: Option<u64>,
    data: Bytes,
    headers: Headers,
}

struct Tables {
    partition_keys: Vec<Key>,
    /// `None` for an entry that is no number, which harms only the user records that refer to it.
    hash_keys: Vec<Option<HashKey>>,
}

impl Tables {
    fn key(&self, entry: &Entry) -> Result<Key> {
        let key = find(&self.partition_keys, "partition key", entry.partition_key)?.clone();
        let Some(index) = entry.hash_key else {
            return Ok(key);
        };
        match find(&self.hash_keys, "explicit hash key", index)? {
            Some(hash_key) => Ok(key.hashed(*hash_key)),
            None => Err(bad(format!("explicit hash key {index} is not a number from 0 to 2^128 - 1"))),
        }
    }
}

fn find<'a, T>(table: &'a [T], name: &str, index: u64) -> Result<&'a T> {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index))
        .ok_or_else(|| bad(format!("{name} {index} of a table of {}", table.len())))
}

fn bad(context: String) -> Error {
    Error::new(ErrorKind::Decode, context)
}
