//! The bodies of PutRecord and PutRecords: the hot path of a producer.
//!
//! One pass over the body finds the strings, one decodes the base64 to check it. Nothing is copied: what is
//! stored shares the body's buffer.

use bytes::Bytes;
use serde::Deserialize;

use super::decode::parse;
use super::text::{JsonBlob, JsonText};
use crate::error::{Error, ErrorCode};
use crate::ops::{Entry, NamedStream, PutRecord, PutRecords};
use crate::store::Payload;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordsBody<'a> {
    #[serde(borrow)]
    stream_name: Option<JsonText<'a>>,
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<JsonText<'a>>,
    #[serde(borrow)]
    records: Option<Vec<EntryBody<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntryBody<'a> {
    #[serde(borrow)]
    data: Option<JsonBlob<'a>>,
    #[serde(borrow)]
    partition_key: Option<JsonText<'a>>,
    #[serde(borrow)]
    explicit_hash_key: Option<JsonText<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordBody<'a> {
    #[serde(borrow)]
    stream_name: Option<JsonText<'a>>,
    #[serde(borrow, rename = "StreamARN")]
    stream_arn: Option<JsonText<'a>>,
    #[serde(borrow)]
    data: Option<JsonBlob<'a>>,
    #[serde(borrow)]
    partition_key: Option<JsonText<'a>>,
    #[serde(borrow)]
    explicit_hash_key: Option<JsonText<'a>>,
}

pub(super) fn put_records(body: &Bytes) -> Result<PutRecords, Error> {
    let parsed: PutRecordsBody<'_> = parse(body)?;
    let records = parsed.records.ok_or_else(|| Error::missing("records"))?;
    let mut scratch = Vec::new();
    let entries = records.into_iter().enumerate().map(|(index, record)| {
        entry(record, body, &mut scratch, |member| format!("records.{}.member.{member}", index + 1))
    });
    Ok(PutRecords {
        entries: entries.collect::<Result<_, _>>()?,
        stream: named(parsed.stream_name, parsed.stream_arn),
        body_len: body.len(),
    })
}

pub(super) fn put_record(body: &Bytes) -> Result<PutRecord, Error> {
    let parsed: PutRecordBody<'_> = parse(body)?;
    let record = EntryBody {
        data: parsed.data,
        partition_key: parsed.partition_key,
        explicit_hash_key: parsed.explicit_hash_key,
    };
    Ok(PutRecord {
        entry: entry(record, body, &mut Vec::new(), str::to_owned)?,
        stream: named(parsed.stream_name, parsed.stream_arn),
        body_len: body.len(),
    })
}

fn named(name: Option<JsonText<'_>>, arn: Option<JsonText<'_>>) -> NamedStream {
    NamedStream { name: name.map(JsonText::into_string), arn: arn.map(JsonText::into_string) }
}

fn entry(
    parsed: EntryBody<'_>,
    body: &Bytes,
    scratch: &mut Vec<u8>,
    at: impl Fn(&str) -> String,
) -> Result<Entry, Error> {
    let data = parsed.data.ok_or_else(|| Error::missing(&at("data")))?;
    let payload = Payload::from_base64(data.share(body), scratch).ok_or_else(|| {
        Error::new(ErrorCode::Serialization, format!("'{}' is not valid base64", at("data")))
    })?;
    Ok(Entry {
        partition_key: parsed.partition_key.map(|key| key.share(body)),
        explicit_hash_key: parsed.explicit_hash_key.map(|key| key.share(body)),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(body: &str) -> Result<Vec<Entry>, Error> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Ok(put_records(&body)?.entries)
    }

    #[test]
    fn escaped_strings_are_read_as_what_they_mean() {
        let body =
            r#"{"Records":[{"Data":"Pz8\/","PartitionKey":"a\"\u00e9","ExplicitHashKey":null}],"X":[1]}"#;
        let entries = entries(body).unwrap();
        assert_eq!(entries[0].partition_key.as_ref().unwrap().as_str(), "a\"é");
        assert_eq!(&entries[0].payload.decode()[..], b"???");
        assert!(entries[0].explicit_hash_key.is_none());
    }

    #[test]
    fn data_that_is_not_canonical_base64_is_refused() {
        for data in ["a", "YQ", "YR==", "Y Q==", "Yé==", "-_-_"] {
            let body = format!(r#"{{"Records":[{{"Data":"{data}","PartitionKey":"k"}}]}}"#);
            assert_eq!(entries(&body).unwrap_err().code(), ErrorCode::Serialization, "{data}");
        }
    }

    #[test]
    fn a_missing_member_is_named() {
        let error =
            entries(r#"{"Records":[{"Data":"","PartitionKey":"k"},{"PartitionKey":"k"}]}"#).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Validation);
        assert!(error.message().contains("'records.2.member.data'"), "{error}");
    }
}
