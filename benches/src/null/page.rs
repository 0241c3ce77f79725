//! GetRecords: pages that are cut from one, with sequence numbers of their own.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use crate::load::Load;
use crate::null::Null;
use crate::null::cbor::Writer;
use crate::null::put::{sequence, shard_name};
use crate::null::reply::Encoding;
use crate::outcome::{Error, Outcome};

/// The most records of a page.
const RECORDS: usize = 10_000;
/// The most bytes of a page.
const BYTES: usize = 10 << 20;
/// When all records arrived, in milliseconds since 1970.
const ARRIVED: u64 = 1_700_000_000_123;

/// What every shard holds.
pub(super) struct Pages {
    null: Null,
    json: Page,
    cbor: Page,
}

/// The records of the largest page, one behind the other.
#[derive(Default)]
struct Page {
    bytes: Vec<u8>,
    /// Where each record ends
    ends: Vec<usize>,
    /// Where the digits of each sequence number begin
    sequences: Vec<usize>,
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    shard_iterator: String,
    limit: Option<usize>,
}

impl Wanted {
    /// Reads a request.
    pub(super) fn read(body: &[u8], encoding: Encoding) -> Outcome<Self> {
        Ok(match encoding {
            Encoding::Json => serde_json::from_slice(body)?,
            Encoding::Cbor => ciborium::from_reader(body)?,
        })
    }

    /// Returns the shard, and how many of its records were read before.
    fn place(&self) -> Outcome<(usize, usize)> {
        let place = self.shard_iterator.split_once(':');
        let place = place.and_then(|(shard, read)| Some((shard.parse().ok()?, read.parse().ok()?)));
        place.ok_or_else(|| Error::from(format!("{} is no iterator", self.shard_iterator)))
    }
}

impl Pages {
    /// Writes the largest page in both formats.
    pub(super) fn new(null: Null) -> Outcome<Self> {
        let records = RECORDS.min(BYTES / null.size).min(null.records.div_ceil(null.shards)).max(1);
        let load = Load::new(records, null.size)?;
        let (mut json, mut cbor) = (Page::default(), Page::default());
        for n in 0..records {
            let (data, key) = (load.bytes(n), load.key(n).partition_key());
            json.bytes.extend_from_slice(br#"{"Data":""#);
            json.bytes.extend_from_slice(BASE64_STANDARD.encode(data).as_bytes());
            json.bytes.extend_from_slice(
                format!(
                    r#"","PartitionKey":"{key}","ApproximateArrivalTimestamp":{}.{:03},"SequenceNumber":""#,
                    ARRIVED / 1_000,
                    ARRIVED % 1_000
                )
                .as_bytes(),
            );
            json.numbered(|bytes| bytes.extend_from_slice(sequence(0).as_bytes()));
            json.bytes.extend_from_slice(br#""},"#);
            json.ends.push(json.bytes.len());

            cbor.bytes.map(4);
            cbor.bytes.text("Data");
            cbor.bytes.bytes(data);
            cbor.bytes.text("PartitionKey");
            cbor.bytes.text(key);
            cbor.bytes.text("ApproximateArrivalTimestamp");
            cbor.bytes.millis(ARRIVED);
            cbor.bytes.text("SequenceNumber");
            cbor.numbered(|bytes| bytes.text(&sequence(0)));
            cbor.ends.push(cbor.bytes.len());
        }
        Ok(Self { null, json, cbor })
    }

    /// Returns the iterator behind a record, or at the beginning.
    pub(super) fn iterator(shard: &str, after: &str) -> Outcome<String> {
        let shard: usize = shard.trim_start_matches("shardId-").parse()?;
        let read: u64 = match after.get(after.len().saturating_sub(DIGITS)..) {
            None | Some("") => 0,
            Some(digits) => digits.parse()?,
        };
        Ok(format!("{shard}:{read}"))
    }

    /// Answers a request.
    pub(super) fn get(&self, wanted: &Wanted, encoding: Encoding) -> Outcome<Bytes> {
        let (shard, read) = wanted.place()?;
        if shard >= self.null.shards {
            return Err(format!("{} is not there", shard_name(shard)).into());
        }
        let (shards, records) = (self.null.shards, self.null.records);
        let left = (records / shards + usize::from(shard < records % shards)).saturating_sub(read);
        let count = left.min(self.json.ends.len()).min(wanted.limit.unwrap_or(RECORDS));
        let next = format!("{shard}:{}", read + count);
        let behind = if left > count { 1_000 } else { 0 };
        let mut body = Vec::new();
        match encoding {
            Encoding::Json => {
                body.reserve(self.json.len(count) + 200);
                let head =
                    format!(r#"{{"MillisBehindLatest":{behind},"NextShardIterator":"{next}","Records":["#);
                body.extend_from_slice(head.as_bytes());
                self.json.copy(count, read, &mut body);
                if count > 0 {
                    body.pop(); // the comma
                }
                body.extend_from_slice(b"]}");
            }
            Encoding::Cbor => {
                body.reserve(self.cbor.len(count) + 200);
                body.map(3);
                body.text("MillisBehindLatest");
                body.unsigned(behind);
                body.text("NextShardIterator");
                body.text(&next);
                body.text("Records");
                body.array(count as u64);
                self.cbor.copy(count, read, &mut body);
            }
        }
        Ok(body.into())
    }
}

/// How many digits of a sequence number count.
const DIGITS: usize = 20;

impl Page {
    /// Has a sequence number written, and remembers where its digits are.
    fn numbered(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.sequences.push(self.bytes.len() - DIGITS);
    }

    /// Returns how long the first records are together.
    fn len(&self, records: usize) -> usize {
        records.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// Copies the first records, numbered from where the shard was read.
    fn copy(&self, records: usize, read: usize, to: &mut Vec<u8>) {
        let start = to.len();
        to.extend_from_slice(&self.bytes[..self.len(records)]);
        for (&at, number) in self.sequences[..records].iter().zip(read as u64 + 1..) {
            let mut digits = *b"00000000000000000000";
            let mut rest = number;
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            to[start + at..start + at + DIGITS].copy_from_slice(&digits);
        }
    }
}
