//! A record that is being decoded, part by part.

use std::{mem, vec};

use bytes::Bytes;

use crate::codec::framing::{Framing, Part, Split};
use crate::{Ack, BoxError, Headers, Key, Message, Origin};

/// The parts of a record that were not handed out yet. Dropped early, it abandons the record.
pub(super) struct Record {
    /// All there is of a record that is one message, which is most of them.
    whole: Option<Bytes>,
    parts: vec::IntoIter<Part>,
    damaged: Option<(Bytes, BoxError)>,
    key: Option<Key>,
    headers: Headers,
    origin: Option<Origin>,
    ack: Ack,
    handed_out: usize,
    len: usize,
    /// Set by the first warning about this record.
    pub(super) warned: bool,
}

/// One message of a record, in bytes.
pub(super) struct Element {
    pub(super) message: Message<Bytes>,
    /// Why it is known to be damaged.
    pub(super) damage: Option<BoxError>,
    /// Its place in a record of several.
    pub(super) index: Option<usize>,
}

impl Record {
    /// Splits a record. A record without any message is done.
    pub(super) fn open(message: Message<Bytes>, framing: &dyn Framing) -> Option<Self> {
        let (bytes, key, headers, origin, ack) = message.into_parts();
        let (whole, Split { parts, damaged }) = if is_whole(framing, origin.as_ref()) {
            (Some(bytes), Split::default())
        } else {
            (None, framing.split(&bytes))
        };
        let len = usize::from(whole.is_some()) + parts.len() + usize::from(damaged.is_some());
        if len == 0 {
            ack.ack();
            return None;
        }
        let parts = parts.into_iter();
        Some(Self { whole, parts, damaged, key, headers, origin, ack, handed_out: 0, len, warned: false })
    }

    /// Hands out the next message, with a share of the record's debt.
    pub(super) fn next(&mut self) -> Option<Element> {
        let part = self.whole.take().map(Part::new).or_else(|| self.parts.next());
        let (part, damage) = match part {
            Some(part) => (part, None),
            None => self.damaged.take().map(|(rest, cause)| (Part::new(rest), Some(cause)))?,
        };
        let index = (self.len > 1).then_some(self.handed_out);
        self.handed_out += 1;
        // The record keeps a share until its last message is out, else the debt could be paid halfway through.
        let (key, headers, origin, ack) = if self.handed_out == self.len {
            let (key, headers) = (self.key.take(), mem::take(&mut self.headers));
            (key, headers, self.origin.take(), mem::take(&mut self.ack))
        } else {
            (self.key.clone(), self.headers.clone(), self.origin.clone(), self.ack.clone())
        };
        let headers = if part.headers.is_empty() { headers } else { part.headers };
        let message = Message::from_parts(part.payload, part.key.or(key), headers, origin, ack);
        Some(Element { message, damage, index })
    }
}

/// Tells whether a record is its one message, or a source took it apart: a framing that carries keys is the container that a
/// source opens itself, and what it found inside must not be opened again.
fn is_whole(framing: &dyn Framing, origin: Option<&Origin>) -> bool {
    framing.is_identity()
        || framing.carries_keys() && origin.is_some_and(|origin| origin.sub_sequence().is_some())
}
