//! How long records are, before and after.

use bytes::Bytes;

use super::{formats, noise, raw, read, record_of};
use crate::Headers;
use crate::codec::compressed::format::Format;
use crate::codec::{Lines, Single};

const LENGTHS: [usize; 11] = [0, 1, 2, 63, 1000, 31_000, 65_535, 65_536, 131_073, 262_144, 1 << 20];

#[test]
fn what_cannot_be_compressed_goes_as_it_is() {
    for (format, compression) in formats() {
        let codec = raw(Single).compressed(compression);
        for len in LENGTHS.into_iter().chain([10 << 20]) {
            let payload = noise(len);
            let record = record_of(&codec, &[&payload]);
            assert_eq!(record, payload, "{format}: {len} bytes");
            assert_eq!(read(&codec, &record).unwrap(), [payload], "{format}: {len} bytes");
        }
    }
}

#[test]
fn what_looks_compressed_and_is_not_is_compressed_and_never_longer_than_predicted() {
    for (format, compression) in formats() {
        let codec = raw(Single).compressed(compression);
        for magic in [&b"\x28\xb5\x2f\xfd"[..], b"\x04\x22\x4d\x18", b"\x1f\x8b\x08"] {
            for len in LENGTHS {
                let payload = [magic, &noise(len)].concat();
                let most = codec.framing().open().len_with(&"a".into(), &payload, &Headers::new());
                let record = record_of(&codec, &[&payload]);
                assert_ne!(record, payload, "{format}: {len} bytes");
                assert!(record.len() <= most, "{format}: {len} bytes became {}, of {most}", record.len());
                assert_eq!(read(&codec, &record).unwrap(), [payload], "{format}: {len} bytes");
            }
        }
    }
}

#[test]
fn a_megabyte_of_text_is_compressed_in_the_format_that_was_asked_for() {
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let lines: Vec<_> = (0..20_000).map(|id| format!("{{\"order\":{id},\"state\":\"sent\"}}")).collect();
        let record = record_of(&codec, &lines);
        assert_eq!(Format::of(&record).map(Format::name), Some(format));
        let plain: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!(record.len() * 3 < plain, "{format}: {} bytes of {plain}", record.len());
        assert_eq!(read(&codec, &record).unwrap(), lines);
    }
}

#[test]
fn a_higher_level_is_taken_and_one_beyond_is_the_nearest() {
    let words = ["order", "customer", "sent", "paid", "lost", "north", "south", "again"];
    let word = |id: usize, place: u32| words[id.wrapping_mul(2_654_435_761) >> (7 + 3 * place) & 7];
    let line = |id| format!("{} {} {} {}", word(id, 0), word(id, 1), word(id, 2), word(id, 3));
    let lines: Vec<_> = (0..2000).map(line).collect();
    for (format, compression) in formats() {
        let len = |level| record_of(&raw(Lines).compressed(compression.level(level)), &lines).len();
        let beyond = raw(Lines).compressed(compression.level(i32::MAX));
        assert_eq!(read(&beyond, &record_of(&beyond, &lines)).unwrap(), lines);
        match format {
            "lz4" => assert_eq!(len(9), len(1)),
            _ => assert!(len(9) < len(1), "{format}: {} at level 9, {} at level 1", len(9), len(1)),
        }
    }
}

#[test]
fn a_bomb_is_poison_that_takes_no_more_memory_than_the_limit() {
    const LIMIT: usize = 1 << 16;
    for (format, compression) in formats() {
        let bomb = record_of(&raw(Single).compressed(compression), &[vec![0; 64 << 20]]);
        assert!(bomb.len() < 1 << 20);
        let codec = raw(Single).compressed(compression.max_inflated(LIMIT));
        let cause = read(&codec, &bomb).unwrap_err();
        assert_eq!(
            cause,
            format!("inflate {format}: it has more than {LIMIT} bytes: raise max_inflated if they are meant")
        );

        for len in [LIMIT - 1, LIMIT, LIMIT + 1] {
            let record = record_of(&raw(Single).compressed(compression), &[vec![7; len]]);
            assert_eq!(read(&codec, &record).is_ok(), len <= LIMIT, "{format}: {len} bytes");
        }
    }
}

#[test]
fn sixteen_mebibytes_are_inflated_by_default_and_no_more() {
    for (format, compression) in formats() {
        let codec = raw(Single).compressed(compression);
        let record = record_of(&codec, &[vec![7; 16 << 20]]);
        assert!(read(&codec, &record).is_ok(), "{format}");
        let record: Bytes = record_of(&codec, &[vec![7; (16 << 20) + 1]]);
        assert!(read(&codec, &record).is_err(), "{format}");
    }
}
