//! What a reader of compressed records gets beside them.

use std::sync::Arc;

use bytes::Bytes;

use super::{formats, framings, raw, read, record_of};
use crate::Key;
use crate::codec::{Framing, Lines, Netstrings, Single};

const LINES: [&str; 3] =
    ["{\"again\":\"again\"}", "{\"again\":\"again\"}", "{\"again\":\"again and again and again\"}"];

#[test]
fn plain_records_are_read_in_a_stream_that_has_compressed_ones() {
    for codec in framings().into_iter().filter(|codec| codec.framing().joins()) {
        for (format, compression) in formats() {
            let compressed = codec.clone().compressed(compression);
            for record in
                [record_of(&codec, &LINES), record_of(&compressed, &LINES), record_of(&codec, &LINES)]
            {
                assert_eq!(read(&compressed, &record).unwrap(), LINES, "{format}");
            }
        }
    }
}

#[test]
fn frames_and_members_that_follow_one_another_are_one_record() {
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let (first, second) = (vec!["again ".repeat(50); 20], vec!["and again ".repeat(50); 2000]);
        let record = [record_of(&codec, &first), record_of(&codec, &second)].concat();
        assert_eq!(read(&codec, &record.into()).unwrap(), [first, second].concat(), "{format}");
    }
}

#[test]
fn a_codec_in_two_compressions_comes_back() {
    for (outer, outer_format) in formats() {
        for (inner, inner_format) in formats() {
            let codec = raw(Lines).compressed(inner_format).compressed(outer_format);
            let record = record_of(&codec, &LINES);
            assert_eq!(read(&codec, &record).unwrap(), LINES, "{inner} in {outer}");
        }
    }
}

#[test]
fn messages_are_slices_of_one_piece_of_memory() {
    let lines = vec!["again ".repeat(10); 100];
    for (_, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let messages = read(&codec, &record_of(&codec, &lines)).unwrap();
        let steps = messages.windows(2).map(|pair| pair[1].as_ptr() as usize - pair[0].as_ptr() as usize);
        assert!(steps.into_iter().all(|step| step == lines[0].len() + 1));
    }
}

#[test]
fn the_compressed_record_is_held_as_long_as_a_message_of_it() {
    struct Charged {
        record: Bytes,
        _charge: Arc<()>,
    }
    impl AsRef<[u8]> for Charged {
        fn as_ref(&self) -> &[u8] {
            &self.record
        }
    }
    let lines = vec!["again ".repeat(10); 100];
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let charge = Arc::new(());
        let record = record_of(&codec, &lines);
        let record = Bytes::from_owner(Charged { record, _charge: Arc::clone(&charge) });
        let mut messages = read(&codec, &record).unwrap();
        drop(record);
        messages.truncate(1);
        assert_eq!(Arc::strong_count(&charge), 2, "{format}: a message is held");
        drop(messages);
        assert_eq!(Arc::strong_count(&charge), 1, "{format}: a decoder at rest holds no record");
    }
}

#[test]
fn a_compressed_framing_is_otherwise_the_one_that_it_compresses() {
    #[derive(Debug)]
    struct Keyed;
    impl Framing for Keyed {
        fn name(&self) -> &'static str {
            "keyed"
        }

        fn joins(&self) -> bool {
            true
        }

        fn carries_keys(&self) -> bool {
            true
        }

        fn carries_headers(&self) -> bool {
            true
        }

        fn shared_key(&self, _: &Key, _: crate::HashKey) -> Key {
            "shared".into()
        }

        fn accepts(&self, payload: &[u8]) -> Result<(), crate::BoxError> {
            Lines.accepts(payload)
        }

        fn open(&self) -> Box<dyn crate::codec::Frame> {
            Netstrings.open()
        }

        fn split(&self, record: &Bytes) -> crate::codec::Split {
            Netstrings.split(record)
        }
    }
    for (_, compression) in formats() {
        let codec = raw(Keyed).compressed(compression);
        let framing = codec.framing();
        assert!(framing.joins() && framing.carries_keys() && framing.carries_headers());
        assert_eq!(framing.name(), "keyed");
        assert_eq!(framing.shared_key(&"a".into(), crate::HashKey::MIN), "shared".into());
        assert!(framing.accepts(b"two\nlines").is_err());
        assert!(!raw(Single).compressed(compression).framing().is_identity());
        assert!(!raw(Single).compressed(compression).framing().joins());
    }
}

#[cfg(not(all(feature = "zstd", feature = "lz4", feature = "gzip")))]
#[test]
fn a_format_that_was_left_out_is_poison_that_names_its_feature() {
    let codec = raw(Lines).compressed(formats()[0].1);
    let left_out = [
        (cfg!(feature = "zstd"), "zstd", &b"\x28\xb5\x2f\xfd"[..]),
        (cfg!(feature = "lz4"), "lz4", b"\x04\x22\x4d\x18"),
        (cfg!(feature = "gzip"), "gzip", b"\x1f\x8b\x08"),
    ];
    for (_, format, magic) in left_out.into_iter().filter(|(is_built, ..)| !is_built) {
        let cause = read(&codec, &magic.into()).unwrap_err();
        assert_eq!(cause, format!("inflate {format}: headwater was built without its feature \"{format}\""));
    }
}
