//! Which codec a record was written in, as far as it shows.

use bytes::Bytes;
use headwater::BoxError;
use headwater_kinesis::codec::{Deserializer as _, Framing as _, Kpl, Part, Split};

use crate::codec::{CodecName, inflate};

/// The codecs that a record which is no aggregate may be of, the most telling first.
const PLAIN: [CodecName; 4] = [CodecName::Msgpack, CodecName::Json, CodecName::JsonLines, CodecName::String];

/// What a record looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) codec: CodecName,
    pub(crate) is_compressed: bool,
}

impl Looks {
    pub(crate) fn of(record: &Bytes) -> Self {
        match inflate(record) {
            Ok(inflated) => Self { codec: looks_like(&inflated), is_compressed: inflated != *record },
            Err(_) => Self { codec: CodecName::Bytes, is_compressed: false },
        }
    }
}

/// The codec that a record looks like.
fn looks_like(record: &Bytes) -> CodecName {
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
    let (framing, serializer) = codec.reading().into_parts();
    for user in whole(Kpl.split(record))? {
        let is_opened = framing.carries_keys() && user.key.is_some();
        let messages = if is_opened { vec![user] } else { whole(framing.split(&user.payload))? };
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

    use super::{Looks, looks_like, reads};
    use crate::codec::{CodecName, Compress};

    fn record(codec: CodecName, messages: &[&'static str]) -> Bytes {
        written(codec, None, messages)
    }

    fn written(codec: CodecName, compress: Option<Compress>, messages: &[&'static str]) -> Bytes {
        let (framing, serializer) = codec.writing(compress).unwrap().into_parts();
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
    fn a_compressed_record_looks_like_what_is_in_it() {
        let messages = [r#"{"order":7,"state":"sent"}"#; 20];
        for codec in [CodecName::JsonLines, CodecName::JsonList, CodecName::Msgpack, CodecName::KplJson] {
            for compress in [Compress::Zstd(1), Compress::Lz4, Compress::Gzip(1)] {
                let record = written(codec, Some(compress), &messages);
                assert_eq!(Looks::of(&record), Looks { codec, is_compressed: true });
                reads(codec, &record).unwrap();
                let cut = record.slice(..record.len() - 1);
                assert_eq!(Looks::of(&cut), Looks { codec: CodecName::Bytes, is_compressed: false });
                reads(codec, &cut).unwrap_err();
            }
            assert_eq!(Looks::of(&record(codec, &messages)), Looks { codec, is_compressed: false });
        }
    }

    #[test]
    fn what_a_source_can_read_is_no_fault_of_the_writer() {
        let aggregate = record(CodecName::KplJson, &[r#"{"a":1}"#, r#"{"a":2}"#]);
        reads(CodecName::Json, &aggregate).expect("a source takes aggregates apart");
        reads(CodecName::Json, &record(CodecName::String, &["an order"])).unwrap_err();
        reads(CodecName::String, &record(CodecName::Msgpack, &["{\"a\":200}"])).unwrap_err();
    }
}
