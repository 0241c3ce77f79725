//! What PutRecords answers.

use std::borrow::Cow;

use headwater::batch::{BatchResponse, Refused};
use headwater::{Error, ErrorKind};
use memchr::memchr;

use crate::error::kind_of_code;
use crate::wire::Format;
use crate::wire::read::{Cbor, DEPTH, Json, Read, Reader, Stop, all};

/// Reads an answer about so many entries.
///
/// # Errors
///
/// `Unavailable` where it is cut or malformed, says a thing twice, or speaks of more or fewer entries: nothing of it is
/// believed then, and every entry may be stored.
pub(crate) fn parse(format: Format, bytes: &[u8], entries: usize) -> Result<BatchResponse, Error> {
    let read = match format {
        Format::Json => read::<Json<'_>>(bytes, entries, usual),
        Format::Cbor => read::<Cbor<'_>>(bytes, entries, |_, _| None),
    };
    let why = match read {
        Ok(response) if response.len() == entries => return Ok(response),
        Ok(response) => format!("it speaks of {} entries of {entries}", response.len()),
        Err(Stop::Short) => format!("it is cut after {} bytes", bytes.len()),
        Err(Stop::Bad { at, expected }) => format!("{expected} expected at byte {at}"),
    };
    Err(Error::new(ErrorKind::Unavailable, format!("read the answer: {why}")))
}

/// Says why an entry is not stored.
pub(crate) fn refused(code: Option<String>, message: Option<String>) -> Refused {
    let code = code.unwrap_or_else(|| "no error code and no sequence number".to_owned());
    // Kinesis documents few codes and sends others: what is not known to be fatal may pass.
    let kind = kind_of_code(&code).unwrap_or(ErrorKind::Unavailable);
    Refused { kind, message: message.unwrap_or_default(), code }
}

/// What is said of an entry that is stored.
struct Usual<'a> {
    shard: &'a str,
    sequence: &'a str,
    /// The place after it.
    end: usize,
}

/// Reads what Kinesis itself says of an entry that is stored, with nothing between and nothing escaped. `None` is for the
/// reader, which knows every way to say it and takes several times as long.
fn usual(bytes: &[u8], at: usize) -> Option<Usual<'_>> {
    let (sequence, rest) = plain_after(bytes.get(at..)?, b"{\"SequenceNumber\":\"")?;
    let (shard, rest) = plain_after(rest, b"\",\"ShardId\":\"")?;
    let rest = rest.strip_prefix(b"\"}")?;
    Some(Usual { shard, sequence, end: bytes.len() - rest.len() })
}

/// Returns the text between a beginning and the next quote, if it means what it shows.
fn plain_after<'a>(bytes: &'a [u8], beginning: &[u8]) -> Option<(&'a str, &'a [u8])> {
    let bytes = bytes.strip_prefix(beginning)?;
    let (text, rest) = bytes.split_at(memchr(b'"', bytes)?);
    let is_plain = all(text, |byte| matches!(byte, b' '..=b'[' | b']'..=b'~'));
    let text = str::from_utf8(text).ok().filter(|_| is_plain)?;
    Some((text, rest))
}

fn read<'a, R: Reader<'a>>(
    bytes: &'a [u8],
    entries: usize,
    usual: fn(&'a [u8], usize) -> Option<Usual<'a>>,
) -> Read<BatchResponse> {
    let mut reader = R::new(bytes, 0);
    let mut response = None;
    let mut members = reader.map()?;
    while let Some(field) = reader.key(&mut members)? {
        match &*field {
            "Records" if response.is_none() => {
                let mut read = BatchResponse::with_capacity(entries);
                let mut items = reader.list()?;
                while reader.item(&mut items)? {
                    if let Some(Usual { shard, sequence, end }) = usual(bytes, reader.at()) {
                        read.push_stored(shard, sequence);
                        reader = R::new(bytes, end);
                    } else {
                        read_entry(&mut reader, &mut read)?;
                    }
                }
                response = Some(read);
            }
            "Records" => return reader.bad("each field once"),
            _ => reader.skip(DEPTH)?,
        }
    }
    reader.rest()?;
    response.map_or_else(|| reader.bad("Records"), Ok)
}

fn read_entry<'a, R: Reader<'a>>(reader: &mut R, response: &mut BatchResponse) -> Read<()> {
    let (mut shard, mut sequence, mut code, mut message) = (None, None, None, None);
    let mut members = reader.map()?;
    while let Some(field) = reader.key(&mut members)? {
        let value = match &*field {
            "ShardId" => &mut shard,
            "SequenceNumber" => &mut sequence,
            "ErrorCode" => &mut code,
            "ErrorMessage" => &mut message,
            _ => {
                reader.skip(DEPTH)?;
                continue;
            }
        };
        if value.is_some() {
            return reader.bad("each field once");
        }
        *value = Some(reader.nullable(R::text)?);
    }
    match (code.flatten(), shard.flatten(), sequence.flatten()) {
        (None, Some(shard), Some(sequence)) => response.push_stored(&shard, &sequence),
        (code, ..) => {
            let message = message.flatten().map(Cow::into_owned);
            response.push_refused(refused(code.map(Cow::into_owned), message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use headwater::batch::Stored;

    use super::*;

    fn stored(shard: &str, sequence: &str) -> Stored {
        Stored { shard: shard.into(), sequence: sequence.into() }
    }

    fn json(text: &str, entries: usize) -> Result<BatchResponse, Error> {
        parse(Format::Json, text.as_bytes(), entries)
    }

    #[test]
    fn fields_are_read_in_any_order_and_what_is_not_known_is_passed_over() {
        let answer = json(
            r#" { "New": [{"a": [1e9, null, "\"}"]}], "Records" : [
                {"SequenceNumber":"1","ShardId":"shardId-0"},
                {"ErrorCode":null,"Later":{"x":[]},"ShardId":"a\u0062","ErrorMessage":null,"SequenceNumber":"2"},
                {"ErrorMessage":"Rate \"exceeded\"","ErrorCode":"ProvisionedThroughputExceededException"}
            ], "FailedRecordCount": 1, "EncryptionType": "KMS" } "#,
            3,
        );
        let throttled = Refused {
            code: "ProvisionedThroughputExceededException".to_owned(),
            message: "Rate \"exceeded\"".to_owned(),
            kind: ErrorKind::Throttled,
        };
        let told = [Ok(stored("shardId-0", "1")), Ok(stored("ab", "2")), Err(throttled)];
        assert_eq!(answer.unwrap().outcomes(), told);
    }

    #[test]
    fn only_codes_that_are_known_to_be_fatal_are_fatal() {
        let kind = |code: &str| refused(Some(code.to_owned()), None).kind;
        for code in
            ["ProvisionedThroughputExceededException", "InternalFailure", "KMSThrottlingException", "New"]
        {
            assert!(kind(code).is_retryable(), "{code}");
        }
        for code in ["KMSAccessDeniedException", "KMSDisabledException", "KMSNotFoundException"] {
            assert!(!kind(code).is_retryable(), "{code}");
        }
    }

    #[test]
    fn an_entry_that_is_said_to_be_nowhere_is_not_stored() {
        for entry in [r#"{"ShardId":"shardId-0"}"#, r#"{"SequenceNumber":"1","ShardId":null}"#, "{}"] {
            let answer = json(&format!(r#"{{"Records":[{entry}]}}"#), 1).unwrap();
            assert!(answer.outcomes()[0].as_ref().unwrap_err().kind.is_retryable(), "{entry}");
        }
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_an_error() {
        let whole = r#"{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"}]}"#;
        assert!(json(whole, 1).is_ok());
        for end in 0..whole.len() {
            let error = json(&whole[..end], 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.to_string().contains(&format!("cut after {end} bytes")), "{error}");
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_an_error() {
        let entry = r#"{"SequenceNumber":"1","ShardId":"s"}"#;
        for (bad, entries) in [
            (format!(r#"{{"Records":[{entry}],"Records":[{entry}]}}"#), 1),
            (r#"{"Records":[{"SequenceNumber":"1","SequenceNumber":"2","ShardId":"s"}]}"#.to_owned(), 1),
            (r#"{"Records":[{"ErrorCode":null,"ErrorCode":"x"}]}"#.to_owned(), 1),
            (format!(r#"{{"Records":[{entry}]}}"#), 2),
            (format!(r#"{{"Records":[{entry},{entry}]}}"#), 1),
            (format!(r#"{{"Records":[{entry}]}} {{}}"#), 1),
            (r#"{"Records":[{"SequenceNumber":1,"ShardId":"s"}]}"#.to_owned(), 1),
            (r#"{"Records":null}"#.to_owned(), 0),
            (r#"{"FailedRecordCount":0}"#.to_owned(), 0),
            ("[]".to_owned(), 0),
        ] {
            assert_eq!(json(&bad, entries).unwrap_err().kind(), ErrorKind::Unavailable, "{bad}");
        }
    }

    #[test]
    fn an_answer_in_cbor_says_what_the_one_in_json_does() {
        let mut cbor = b"\xbf\x71FailedRecordCount\x00\x67Records\x82".to_vec();
        cbor.extend_from_slice(b"\xa2\x67ShardId\x69shardId-0\x6eSequenceNumber\x61\x31");
        cbor.extend_from_slice(b"\xbf\x69ErrorCode\x63New\x6cErrorMessage\xf6\xff\xff");
        let refusal = refused(Some("New".to_owned()), None);
        let answer = parse(Format::Cbor, &cbor, 2).unwrap();
        assert_eq!(answer.outcomes(), [Ok(stored("shardId-0", "1")), Err(refusal)]);
        for end in 0..cbor.len() {
            assert_eq!(
                parse(Format::Cbor, &cbor[..end], 2).unwrap_err().kind(),
                ErrorKind::Unavailable,
                "{end} bytes"
            );
        }
    }
}
