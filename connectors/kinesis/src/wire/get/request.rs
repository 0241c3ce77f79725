//! Requests of calls that ask for records.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use ciborium::Value;

use crate::wire::Format;

/// The field that is a point in time.
const TIME: &str = "Timestamp";
/// The tag of a point in time.
const TIME_TAG: u64 = 1;

/// Puts the body that the SDK has written, which is short, into a format. One that cannot be read stays as it is: the
/// service will say what is wrong with it.
pub(super) fn write(format: Format, request: &mut HttpRequest) {
    if format == Format::Cbor
        && let Some(body) = request.body().bytes().and_then(in_cbor)
    {
        format.put(body.into(), request);
    }
}

fn in_cbor(json: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    tag_times(&mut value);
    let mut body = Vec::new();
    ciborium::into_writer(&value, &mut body).ok()?;
    Some(body)
}

/// Tells times in milliseconds, as Amazon's Java SDK does.
fn tag_times(value: &mut Value) {
    let Value::Map(fields) = value else { return };
    for (name, value) in fields {
        if name.as_text() != Some(TIME) {
            tag_times(value);
            continue;
        }
        let seconds = match value {
            Value::Float(seconds) => *seconds,
            Value::Integer(seconds) => i128::from(*seconds) as f64,
            _ => continue,
        };
        let millis = (seconds * 1000.0).round() as i64;
        *value = Value::Tag(TIME_TAG, Box::new(millis.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_in_cbor_what_it_says_in_json() {
        let json =
            br#"{"ShardId":"s","Limit":7,"StartingPosition":{"Type":"AT","Timestamp":1700000000.123}}"#;
        let cbor = in_cbor(json).unwrap();
        let mut wanted = b"\xa3\x67ShardId\x61s\x65Limit\x07\x70StartingPosition\xa2\x64Type\x62AT".to_vec();
        wanted.extend_from_slice(b"\x69Timestamp\xc1\x1b\x00\x00\x01\x8b\xcf\xe5\x68\x7b");
        assert_eq!(cbor, wanted);
        assert_eq!(in_cbor(b"{"), None);
    }
}
