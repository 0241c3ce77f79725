//! A message that was not delivered, as it is written down.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater::{Delivery, Key, Undelivered};
use headwater_kinesis::codec::Deserializer as _;
use serde::Serialize;

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

/// A payload as text, or in base 64 where it is none: as `copy` has it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Payload {
    Text {
        payload: String,
    },
    Bytes {
        base64: String,
    },
    /// It was too long to be kept
    Gone {
        payload: (),
    },
}

impl Letter {
    /// A message that the sink did not take, as it was written.
    pub(super) fn refused(line: Option<u64>, key: Option<&Key>, payload: Bytes, error: String) -> Self {
        Self::new(line, key, error, Delivery::NotStored, Payload::of(payload))
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
        let reason = undelivered.reason().to_string();
        Self::new(line, message.key(), reason, undelivered.delivery(), Payload::of(written))
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
    fn of(written: Bytes) -> Self {
        match String::from_utf8(written.into()) {
            Ok(payload) => Self::Text { payload },
            Err(error) => Self::Bytes { base64: STANDARD.encode(error.as_bytes()) },
        }
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

    #[test]
    fn a_letter_is_one_line_with_its_payload_as_text_or_base64() {
        const HEAD: &str = r#"{"line":3,"key":"k","hash_key":"7","error":"why","delivery":"not stored","#;
        let key = Key::from("k").hashed("7".parse().unwrap());
        for (payload, tail) in
            [(b"{\"n\":\n1.0}".as_slice(), r#""payload":"{\"n\":\n1.0}"}"#), (b"\xff", r#""base64":"/w=="}"#)]
        {
            let payload = Bytes::from_static(payload);
            let letter = Letter::refused(Some(3), Some(&key), payload, "why".to_owned());
            assert_eq!(serde_json::to_string(&letter).unwrap(), format!("{HEAD}{tail}"));
        }
        let unread = serde_json::to_string(&Letter::unread(None, "why".to_owned())).unwrap();
        assert_eq!(unread, r#"{"key":null,"error":"why","delivery":"not stored","payload":null}"#);
    }
}
