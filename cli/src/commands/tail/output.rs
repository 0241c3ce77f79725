//! How messages are printed.

use std::collections::BTreeMap;
use std::str::FromStr;

use headwater::{Message, Origin};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::codec::Payload;
use crate::commands::tail::template::Template;
use crate::failure::Failure;
use crate::json;
use crate::rfc3339::rfc3339;

/// How a message is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// The payload as it is, and a newline
    Raw,
    /// One JSON value per line
    Json,
    /// A JSON value over many lines
    JsonPretty,
    /// A line of the user's own making
    Template(Template),
}

impl FromStr for Output {
    type Err = String;

    fn from_str(output: &str) -> Result<Self, String> {
        match output {
            "raw" => Ok(Self::Raw),
            "json" => Ok(Self::Json),
            "json-pretty" => Ok(Self::JsonPretty),
            _ if output.contains('{') => output.parse().map(Self::Template),
            _ => Err("raw, json, json-pretty or a template such as '{key} {payload}' is right".to_owned()),
        }
    }
}

/// A message beside where it was.
#[derive(Serialize)]
struct Beside<'a> {
    key: Option<&'a str>,
    shard: Option<&'a str>,
    sequence: Option<&'a str>,
    sub_sequence: Option<u64>,
    arrival: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    payload: &'a RawValue,
}

impl Output {
    /// Writes a message, with where it was beside it if `meta` is set, which a template says for itself.
    pub(crate) fn write(
        &self,
        message: &Message<Payload>,
        meta: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match self {
            Self::Raw => out.extend_from_slice(message.payload().bytes()),
            Self::Json => out.extend(value(message, meta)?),
            Self::JsonPretty => out.extend(json::pretty(&value(message, meta)?)),
            Self::Template(template) => {
                template.write(message, out);
                return Ok(());
            }
        }
        out.push(b'\n');
        Ok(())
    }
}

fn value(message: &Message<Payload>, meta: bool) -> Result<Vec<u8>, Failure> {
    let payload = message.payload().to_json();
    if !meta {
        return Ok(payload);
    }
    let origin = message.origin();
    // A payload was checked when it was decoded, and where it was is text.
    let written = serde_json::from_slice(&payload).and_then(|payload| {
        serde_json::to_vec(&Beside {
            key: message.key().map(headwater::Key::partition_key),
            shard: origin.map(|origin| origin.shard().as_str()),
            sequence: origin.map(|origin| origin.sequence().as_str()),
            sub_sequence: origin.and_then(Origin::sub_sequence),
            arrival: origin.and_then(Origin::arrival).map(rfc3339),
            headers: message.headers().iter().collect(),
            payload,
        })
    });
    written.map_err(|error| Failure::failed(format!("print a message: {error}")))
}
