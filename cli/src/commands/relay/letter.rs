//! A message that could not be relayed, as it is kept.

use bytes::Bytes;
use headwater::{Key, Message, Origin};
use serde::Serialize;

use crate::rfc3339::rfc3339;

/// A message that could not be relayed, and why. It still owes its ack.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) message: Message<Bytes>,
    pub(super) reason: String,
}

/// How it is written: one JSON object.
#[derive(Serialize)]
struct Written<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrival: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_key: Option<String>,
    #[serde(flatten)]
    payload: Payload<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Payload<'a> {
    /// Text as it is.
    Payload(&'a str),
    /// What is no text.
    PayloadBase64(String),
}

impl Letter {
    /// Writes it as one line of JSON, without the end of the line: what is wrong, where the message came from, its key, and
    /// its payload as text, or in base 64 where it is none.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let origin = self.message.origin();
        let key = self.message.key();
        let payload = self.message.payload();
        let written = Written {
            error: &self.reason,
            stream: origin.map(Origin::stream),
            shard: origin.map(|origin| origin.shard().as_str()),
            sequence: origin.map(|origin| origin.sequence().as_str()),
            sub_sequence: origin.and_then(Origin::sub_sequence),
            arrival: origin.and_then(Origin::arrival).map(rfc3339),
            key: key.map(Key::partition_key),
            hash_key: key.and_then(Key::explicit_hash_key).map(|hash| hash.to_string()),
            payload: match std::str::from_utf8(payload) {
                Ok(text) => Payload::Payload(text),
                Err(_) => Payload::PayloadBase64(base64(payload)),
            },
        };
        serde_json::to_vec(&written).unwrap_or_else(|error| unreachable!("plain fields: {error}"))
    }
}

fn base64(payload: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(payload)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::Message;

    use super::Letter;

    fn written(payload: &'static [u8]) -> String {
        let message = Message::keyed(Bytes::from_static(payload), "k");
        let letter = Letter { message, reason: "no reason".to_owned() };
        let json = String::from_utf8(letter.to_json()).unwrap();
        letter.message.ack();
        json
    }

    #[test]
    fn a_payload_is_text_or_else_base_64() {
        assert_eq!(written(b"a\n"), r#"{"error":"no reason","key":"k","payload":"a\n"}"#);
        assert_eq!(written(b"\xff"), r#"{"error":"no reason","key":"k","payload_base64":"/w=="}"#);
    }
}
