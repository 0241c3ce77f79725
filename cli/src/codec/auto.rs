//! Records whose codec nobody named.

use bytes::Bytes;
use headwater_kinesis::codec::{Deserializer, Frame, Framing, Kpl, Lines, Netstrings, Part, Single, Split};

use crate::codec::Format;

/// Takes a record for what it looks like: a KPL aggregate, else MessagePack in netstrings if all of it is that, else JSON lines if every line
/// is JSON, else one message. MessagePack becomes JSON on the way, so that what comes out is read as
/// [`Format::Raw`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Auto;

impl Framing for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn joins(&self) -> bool {
        false
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn open(&self) -> Box<dyn Frame> {
        Single.open()
    }

    fn split(&self, record: &Bytes) -> Split {
        // A source has opened aggregates, but for those that were compressed.
        let aggregate = Kpl.split(record);
        if aggregate.parts.iter().any(|part| part.key.is_some()) {
            return aggregate;
        }
        let Some(payloads) = message_pack(record).or_else(|| json_lines(record)) else {
            return Split::whole(record);
        };
        let parts = payloads.into_iter().map(Part::new);
        Split { parts: parts.collect(), damaged: None }
    }
}

fn message_pack(record: &Bytes) -> Option<Vec<Bytes>> {
    let Split { parts, damaged: None } = Netstrings.split(record) else { return None };
    let read = |part: Part| Format::MessagePack.deserialize(&part.payload).ok();
    (!parts.is_empty()).then(|| parts.into_iter().map(read).collect())?
}

fn json_lines(record: &Bytes) -> Option<Vec<Bytes>> {
    let parts = Lines.split(record).parts;
    let read = |part: Part| Format::Json.deserialize(&part.payload).ok();
    (!parts.is_empty()).then(|| parts.into_iter().map(read).collect())?
}

#[cfg(test)]
mod tests {
    use headwater_kinesis::codec::Framing as _;

    use super::Auto;

    fn split(record: &'static [u8]) -> Vec<Vec<u8>> {
        let split = Auto.split(&record.into());
        assert!(split.damaged.is_none(), "whatever it is, it is something");
        split.parts.into_iter().map(|part| part.payload.to_vec()).collect()
    }

    #[test]
    fn message_pack_in_netstrings_becomes_json() {
        assert_eq!(split(b"3:\x81\xa1a,"), [b"3:\x81\xa1a,"], "its map is cut short, so it is none");
        assert_eq!(split(b"4:\x81\xa1a\x01,1:\xc3,"), [&br#"{"a":1}"#[..], b"true"]);
    }

    #[test]
    fn lines_are_parted_where_each_is_json() {
        assert_eq!(split(b"{\"a\":1}\n2\n"), [&br#"{"a":1}"#[..], b"2"]);
        assert_eq!(split(b"{\"a\":1}\n"), [br#"{"a":1}"#]);
        assert_eq!(split(b"{\"a\":\n1}"), [b"{\"a\":\n1}"], "one value over two lines is one message");
        assert_eq!(split(b"2\ntwo"), [b"2\ntwo"]);
    }

    #[test]
    fn anything_else_is_one_message() {
        for record in [&b""[..], b"text", b"\xff\x00", b"\n", b"3:abc,", b"5:abc,"] {
            assert_eq!(split(record), [record]);
        }
    }
}
