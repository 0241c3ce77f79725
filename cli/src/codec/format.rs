//! Payloads as a shell has them ↔ the serializer's bytes.

use bytes::Bytes;
use headwater::BoxError;
use headwater_kinesis::codec::{Deserializer, Serializer};

use crate::json;

/// What a payload is in the command, and what it becomes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Bytes on both sides
    Raw,
    /// UTF-8 on both sides
    Text,
    /// A JSON value on both sides, its digits, spaces and the order of its fields as they are
    Json,
    /// JSON in the command, MessagePack on the wire
    MessagePack,
}

impl Serializer<Bytes> for Format {
    fn name(&self) -> &'static str {
        name(*self)
    }

    fn serialize(&self, payload: &Bytes, out: &mut Vec<u8>) -> Result<(), BoxError> {
        match self {
            Self::Raw => out.extend_from_slice(payload),
            Self::Text => out.extend_from_slice(std::str::from_utf8(payload)?.as_bytes()),
            Self::Json => {
                json::check(payload)?;
                out.extend_from_slice(payload);
            }
            Self::MessagePack => {
                let mut json = serde_json::Deserializer::from_slice(payload);
                let mut packed = rmp_serde::Serializer::new(out);
                serde_transcode::transcode(&mut json, &mut packed)?;
                json.end()?;
            }
        }
        Ok(())
    }
}

impl Deserializer<Bytes> for Format {
    fn name(&self) -> &'static str {
        name(*self)
    }

    fn deserialize(&self, wire: &Bytes) -> Result<Bytes, BoxError> {
        match self {
            Self::Raw => {}
            Self::Text => {
                std::str::from_utf8(wire)?;
            }
            Self::Json => json::check(wire)?,
            Self::MessagePack => {
                let mut packed = rmp_serde::Deserializer::new(&wire[..]);
                packed.set_max_depth(json::MAX_DEPTH);
                let mut json = Vec::with_capacity(wire.len() * 2);
                serde_transcode::transcode(&mut packed, &mut serde_json::Serializer::new(&mut json))?;
                let left = packed.get_ref().len();
                return if left == 0 {
                    Ok(json.into())
                } else {
                    Err(format!("{left} bytes after the value").into())
                };
            }
        }
        Ok(wire.clone())
    }
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Raw => "bytes",
        Format::Text => "UTF-8",
        Format::Json => "JSON",
        Format::MessagePack => "MessagePack",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater_kinesis::codec::{Deserializer, Serializer};

    use super::Format;

    #[test]
    fn json_keeps_its_digits_and_the_order_of_its_fields() {
        let written = Bytes::from_static(br#"{"z":1.0,"a":123456789012345678901234567890}"#);
        let mut wire = Vec::new();
        Format::Json.serialize(&written, &mut wire).unwrap();
        assert_eq!(wire, written);
        assert_eq!(Format::Json.deserialize(&wire.into()).unwrap(), written);
    }

    #[test]
    fn message_pack_comes_back_as_the_json_that_it_was() {
        let written = Bytes::from_static(br#"{"z":[1,-2,2.5,null,true],"a":{"b":"h\u00e9"}}"#);
        let mut wire = Vec::new();
        Format::MessagePack.serialize(&written, &mut wire).unwrap();
        assert_eq!(
            Format::MessagePack.deserialize(&wire.into()).unwrap(),
            r#"{"z":[1,-2,2.5,null,true],"a":{"b":"hé"}}"#
        );
    }

    #[test]
    fn what_is_not_of_the_format_is_refused() {
        let mut out = Vec::new();
        assert!(Format::Json.serialize(&Bytes::from_static(b"{"), &mut out).is_err());
        assert!(Format::Json.deserialize(&Bytes::from_static(b"\"\xff\"")).is_err());
        assert!(Format::MessagePack.serialize(&Bytes::from_static(b"1 2"), &mut out).is_err());
        assert!(Format::Text.serialize(&Bytes::from_static(b"\xff"), &mut out).is_err());
        assert!(Format::MessagePack.deserialize(&Bytes::from_static(b"\x01\x02")).is_err());
    }
}
