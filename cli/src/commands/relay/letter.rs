//! A message that could not be relayed, as it is kept.

use bytes::Bytes;
use headwater::{Message, Origin};
use serde::Serialize;

use crate::line::Line;

/// A message that could not be relayed, and why. It still owes its ack.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) message: Message<Bytes>,
    pub(super) reason: String,
}

/// How it is written: one JSON object, which `copy` reads as any message.
#[derive(Serialize)]
struct Written<'a> {
    error: &'a str,
    stream: Option<&'a str>,
    #[serde(flatten)]
    line: Line<'a>,
}

impl Letter {
    /// Writes it as one line of JSON, without the end of the line.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let stream = self.message.origin().map(Origin::stream);
        let written = Written { error: &self.reason, stream, line: Line::from(&self.message) };
        serde_json::to_vec(&written).unwrap_or_else(|error| unreachable!("plain fields: {error}"))
    }
}
