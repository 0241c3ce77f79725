//! What holds for any messages, in every framing and format.

use bytes::Bytes;
use proptest::prelude::*;

use super::{formats, framings, raw, read, record_of};
use crate::codec::{Codec, Raw, Single};

/// Bytes that some format is particular about, among any others.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop_oneof![
        Just(&b"\x28\xb5\x2f\xfd"[..]),
        Just(&b"\x04\x22\x4d\x18"[..]),
        Just(&b"\x1f\x8b\x08"[..]),
        Just(&b""[..]),
    ];
    let rest = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "(again ){0,200}".prop_map(String::into_bytes),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        "\\PC{0,60}".prop_map(|text| serde_json::to_vec(&text).unwrap()),
    ];
    (magic, rest).prop_map(|(magic, rest)| [magic, &rest].concat())
}

/// The messages that a framing accepts: all that fit one record.
fn fit(codec: &Codec<Raw>, payloads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let framing = codec.framing();
    let padded = |payload: &[u8]| framing.name() == "list" && payload.trim_ascii() != payload;
    let fit = payloads.iter().filter(|payload| framing.accepts(payload).is_ok() && !padded(payload));
    fit.take(if framing.joins() { usize::MAX } else { 1 }).cloned().collect()
}

proptest! {
    #[test]
    fn a_compressed_record_comes_apart_into_what_went_in(payloads in prop::collection::vec(payload(), 1..20)) {
        for codec in framings() {
            let payloads = fit(&codec, &payloads);
            let plain = record_of(&codec, &payloads);
            for (format, compression) in formats() {
                let codec = codec.clone().compressed(compression);
                // Twice, because encoders and decoders are used again.
                for _ in 0..2 {
                    let record = record_of(&codec, &payloads);
                    let most = record.len() <= plain.len() || super::super::format::Format::of(&plain).is_some();
                    prop_assert!(most, "{} in {}: {} bytes of {}", codec.framing().name(), format, record.len(), plain.len());
                    let expected: Vec<_> = if payloads.is_empty() && codec.framing().name() == "single" {
                        vec![Bytes::new()]
                    } else {
                        payloads.iter().map(|payload| Bytes::from(payload.clone())).collect()
                    };
                    prop_assert_eq!(read(&codec, &record).unwrap(), expected, "{}", format);
                }
            }
        }
    }

    #[test]
    fn every_format_is_read_whichever_is_written(payload in payload()) {
        for (_, written) in formats() {
            let record = record_of(&raw(Single).compressed(written), &[&payload]);
            for (_, reading) in formats() {
                let messages = read(&raw(Single).compressed(reading), &record).unwrap();
                prop_assert_eq!(&messages[0], &payload);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(mut bytes in payload(), noise in any::<u64>()) {
        let codec = raw(Single).compressed(formats()[0].1.max_inflated(4096));
        for at in (0..64).rev().filter(|bit| noise >> bit & 1 == 1) {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (at % 8);
            }
        }
        let messages = read(&codec, &bytes.into());
        prop_assert!(messages.is_err() || messages.is_ok_and(|messages| messages.len() == 1));
    }

    #[test]
    fn the_length_is_never_more_than_was_predicted(payloads in prop::collection::vec(payload(), 1..12)) {
        for codec in framings() {
            let payloads = fit(&codec, &payloads);
            for (format, compression) in formats() {
                let codec = codec.clone().compressed(compression);
                let mut frame = codec.framing().open();
                let mut most = usize::MAX;
                for payload in &payloads {
                    most = frame.len_with(&"a".into(), payload, &crate::Headers::new());
                    frame.push(&"a".into(), payload, &crate::Headers::new());
                }
                let len = frame.finish().len();
                prop_assert!(len <= most, "{format}: {len} bytes, {most} predicted");
            }
        }
    }
}
