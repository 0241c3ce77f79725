//! A message that was not delivered, as it is written down.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use headwater::{Delivery, Key, Undelivered};
use headwater_kinesis::codec::Deserializer as _;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::codec::Format;

/// A message that was not delivered: its line of the dead-letter file.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_key: Option<String>,
    error: String,
    delivery: &'static str,
    #[serde(flatten)]
    payload: Payload,
}

/// A payload that a person can read, as far as it is one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Payload {
    Json {
        payload: Box<RawValue>,
    },
    Text {
        payload: String,
    },
    Bytes {
        payload_base64: String,
    },
    /// It was too long to be kept
    Gone {
        payload: (),
    },
}

impl Letter {
    /// A message that the sink did not take, as it was written.
    pub(super) fn refused(
        line: Option<u64>,
        key: Option<&Key>,
        payload: &Bytes,
        format: Format,
        error: String,
    ) -> Self {
        Self::new(line, key, error, Delivery::NotStored, Payload::of(payload, format))
    }

    /// A message that was not read.
    pub(super) fn unread(line: Option<u64>, error: String) -> Self {
        Self::new(line, None, error, Delivery::NotStored, Payload::Gone { payload: () })
    }

    /// A message that the sink handed back.
    pub(super) fn undelivered(line: Option<u64>, undelivered: &Undelivered, format: Format) -> Self {
        let message = undelivered.message();
        // What it was before it was serialized. What cannot be read back is kept as it is.
        let written = format.deserialize(message.payload()).unwrap_or_else(|_| message.payload().clone());
        let payload = Payload::of(&written, format);
        Self::new(line, message.key(), undelivered.reason().to_string(), undelivered.delivery(), payload)
    }

    fn new(
        line: Option<u64>,
        key: Option<&Key>,
        error: String,
        delivery: Delivery,
        payload: Payload,
    ) -> Self {
        Self {
            line,
            key: key.map(|key| key.partition_key().to_owned()),
            hash_key: key.and_then(Key::explicit_hash_key).map(|hash_key| hash_key.to_string()),
            error,
            delivery: match delivery {
                Delivery::NotStored => "not stored",
                Delivery::Unknown => "unknown",
            },
            payload,
        }
    }
}

impl Payload {
    fn of(written: &[u8], format: Format) -> Self {
        let Ok(text) = std::str::from_utf8(written) else {
            return Self::Bytes { payload_base64: BASE64_STANDARD.encode(written) };
        };
        if matches!(format, Format::Json | Format::MessagePack) {
            // A dead letter is one line, and a line end in JSON is nothing but space.
            let line = text.replace(['\n', '\r'], " ");
            if let Ok(payload) = RawValue::from_string(line) {
                return Self::Json { payload };
            }
        }
        Self::Text { payload: text.to_owned() }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{} ({})", self.error, self.delivery)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::Key;

    use super::Letter;
    use crate::codec::Format;

    fn written(payload: &'static [u8], format: Format) -> String {
        let key = Key::from("k").hashed("7".parse().unwrap());
        let payload = Bytes::from_static(payload);
        let letter = Letter::refused(Some(3), Some(&key), &payload, format, "why".to_owned());
        serde_json::to_string(&letter).unwrap()
    }

    #[test]
    fn a_letter_is_one_line_with_its_payload_as_json_text_or_base64() {
        const HEAD: &str = r#"{"line":3,"key":"k","hash_key":"7","error":"why","delivery":"not stored","#;
        for (payload, format, tail) in [
            (b"{\"n\":\n1.0}".as_slice(), Format::Json, r#""payload":{"n": 1.0}}"#),
            (b"{no", Format::Json, r#""payload":"{no"}"#),
            (b"1\n2", Format::Text, r#""payload":"1\n2"}"#),
            (b"\xff", Format::Text, r#""payload_base64":"/w=="}"#),
        ] {
            assert_eq!(written(payload, format), format!("{HEAD}{tail}"));
        }
        let unread = serde_json::to_string(&Letter::unread(None, "why".to_owned())).unwrap();
        assert_eq!(unread, r#"{"key":null,"error":"why","delivery":"not stored","payload":null}"#);
    }
}
