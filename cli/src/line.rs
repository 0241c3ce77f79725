//! A message as a line of NDJSON.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater::{Key, Message, Origin};
use serde::Serialize;

use crate::rfc3339::rfc3339;

/// A message on its way into a file: where it was, its key, and its payload as text, or in base 64 where it is none.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    shard: &'a str,
    sequence: &'a str,
    sub_sequence: Option<u64>,
    arrival: Option<String>,
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_key: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl<'a> From<&'a Message<Bytes>> for Line<'a> {
    fn from(message: &'a Message<Bytes>) -> Self {
        let (origin, key) = (message.origin(), message.key());
        let text = std::str::from_utf8(message.payload()).ok();
        Self {
            shard: origin.map_or("", |origin| origin.shard().as_str()),
            sequence: origin.map_or("", |origin| origin.sequence().as_str()),
            sub_sequence: origin.and_then(Origin::sub_sequence),
            arrival: origin.and_then(Origin::arrival).map(rfc3339),
            key: key.map(Key::partition_key),
            hash_key: key.and_then(Key::explicit_hash_key).map(|hash| hash.to_string()),
            headers: message.headers().iter().collect(),
            payload: text,
            base64: text.is_none().then(|| STANDARD.encode(message.payload())),
        }
    }
}
