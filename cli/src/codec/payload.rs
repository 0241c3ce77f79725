//! What was read, and how it is shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use crate::json;

/// A payload with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// A JSON value as it was written
    Json(Bytes),
    /// UTF-8
    Text(Bytes),
    /// Any bytes
    Binary(Bytes),
}

impl Payload {
    /// Takes bytes for what they look like: JSON, else text, else bytes.
    pub(crate) fn guess(bytes: Bytes) -> Self {
        if json::check(&bytes).is_ok() {
            Self::Json(bytes)
        } else if std::str::from_utf8(&bytes).is_ok() {
            Self::Text(bytes)
        } else {
            Self::Binary(bytes)
        }
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Self::Json(bytes) | Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }

    /// It as a JSON value in one line: JSON as it was written, a text as a string, bytes as `{"base64":"…"}`.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        match self {
            Self::Json(bytes) => json::one_line(bytes),
            Self::Text(bytes) => json!(String::from_utf8_lossy(bytes)).to_string().into_bytes(),
            Self::Binary(bytes) => json!({ "base64": STANDARD.encode(bytes) }).to_string().into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Payload;

    #[test]
    fn bytes_are_taken_for_the_most_that_they_can_be() {
        let guess = |bytes: &'static [u8]| Payload::guess(Bytes::from_static(bytes));
        assert_eq!(guess(b"{\"a\": 1}"), Payload::Json("{\"a\": 1}".into()));
        assert_eq!(guess(b"{a}"), Payload::Text("{a}".into()));
        assert_eq!(guess(b""), Payload::Text("".into()));
        assert_eq!(guess(b"\"\xff\""), Payload::Binary(Bytes::from_static(b"\"\xff\"")));
        assert_eq!(guess(b"\xff"), Payload::Binary(Bytes::from_static(b"\xff")));
    }

    #[test]
    fn every_payload_is_one_json_value_in_one_line() {
        assert_eq!(Payload::Json("{\"b\":\n1.10}\n".into()).to_json(), b"{\"b\":1.10}");
        assert_eq!(Payload::Text("a\n\"b\"".into()).to_json(), br#""a\n\"b\"""#);
        assert_eq!(Payload::Binary(Bytes::from_static(b"\xff")).to_json(), br#"{"base64":"/w=="}"#);
    }
}
