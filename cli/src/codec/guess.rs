//! Which codec a record was written in, as far as it shows.

use bytes::Bytes;
use headwater::BoxError;
use headwater_kinesis::codec::{Deserializer as _, Framing as _, Kpl, Part, Split};

use crate::codec::CodecName;

/// The codecs that a record which is no aggregate may be of, the most telling first.
const PLAIN: [CodecName; 4] = [CodecName::Msgpack, CodecName::Json, CodecName::JsonLines, CodecName::String];

/// The codec that a record looks like.
pub(crate) fn looks_like(record: &Bytes) -> CodecName {
    let Split { parts, damaged } = Kpl.split(record);
    let is_aggregate = damaged.is_some() || parts.iter().any(|part| part.key.is_some());
    if is_aggregate {
        let is_json = damaged.is_none() && reads(CodecName::KplJson, record).is_ok();
        return if is_json { CodecName::KplJson } else { CodecName::KplString };
    }
    if record.first() == Some(&b'[') && reads(CodecName::JsonList, record).is_ok() {
        return CodecName::JsonList;
    }
    PLAIN.into_iter().find(|codec| reads(*codec, record).is_ok()).unwrap_or(CodecName::Bytes)
}

/// Reads a record as a source and a codec do: out of its aggregate, then out of its frame.
pub(crate) fn reads(codec: CodecName, record: &Bytes) -> Result<(), BoxError> {
    let (framing, serializer) = codec.codec().into_parts();
    for user in whole(Kpl.split(record))? {
        let messages = if framing.carries_keys() { vec![user] } else { whole(framing.split(&user.payload))? };
        for message in messages {
            serializer.deserialize(&message.payload)?;
        }
    }
    Ok(())
}

fn whole(split: Split) -> Result<Vec<Part>, BoxError> {
    match split.damaged {
        None => Ok(split.parts),
        Some((_, why)) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::{Headers, Key};
    use headwater_kinesis::codec::Serializer as _;

    use super::{looks_like, reads};
    use crate::codec::CodecName;

    fn record(codec: CodecName, messages: &[&'static str]) -> Bytes {
        let (framing, serializer) = codec.codec().into_parts();
        let mut frame = framing.open();
        for message in messages {
            let mut payload = Vec::new();
            serializer.serialize(&Bytes::from_static(message.as_bytes()), &mut payload).unwrap();
            frame.push(&Key::from("k"), &payload, &Headers::new());
        }
        frame.finish()
    }

    #[test]
    fn a_record_looks_like_the_codec_that_it_was_written_in() {
        let json = [r#"{"a":1}"#, r#"{"a":2}"#];
        for codec in [CodecName::JsonLines, CodecName::JsonList, CodecName::Msgpack, CodecName::KplJson] {
            assert_eq!(looks_like(&record(codec, &json)), codec);
        }
        assert_eq!(looks_like(&record(CodecName::Json, &json[..1])), CodecName::Json);
        assert_eq!(looks_like(&record(CodecName::KplString, &["a", "b"])), CodecName::KplString);
        assert_eq!(looks_like(&record(CodecName::String, &["an order"])), CodecName::String);
        assert_eq!(looks_like(&Bytes::from_static(b"\xff\xfe")), CodecName::Bytes);
    }

    #[test]
    fn what_a_source_can_read_is_no_fault_of_the_writer() {
        let aggregate = record(CodecName::KplJson, &[r#"{"a":1}"#, r#"{"a":2}"#]);
        reads(CodecName::Json, &aggregate).expect("a source takes aggregates apart");
        reads(CodecName::Json, &record(CodecName::String, &["an order"])).unwrap_err();
        reads(CodecName::String, &record(CodecName::Msgpack, &["{\"a\":200}"])).unwrap_err();
    }
}
