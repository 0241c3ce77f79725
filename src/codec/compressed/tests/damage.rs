//! Records that arrive other than they were written.

use bytes::Bytes;

use super::{formats, raw, read, record_of};
use crate::codec::compressed::format::Format;
use crate::codec::{Lines, Single};

fn lines() -> Vec<String> {
    (0..40).map(|id| format!("{{\"order\":{id},\"state\":\"sent\",\"of\":\"customer-{id}\"}}")).collect()
}

#[test]
fn a_record_that_is_cut_short_anywhere_is_poison_that_names_the_format() {
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let record = record_of(&codec, &lines());
        let magic = if format == "gzip" { 3 } else { 4 };
        for len in magic..record.len() {
            let cause = read(&codec, &record.slice(..len)).expect_err("a part of a record is none");
            assert!(cause.starts_with(&format!("inflate {format}: ")), "{len} bytes: {cause}");
        }
    }
}

#[test]
fn a_long_record_that_is_cut_between_its_blocks_is_poison() {
    let text: String = (0..40_000).map(|id: u32| id.to_string() + " is sent\n").collect();
    for (format, compression) in formats() {
        let codec = raw(Single).compressed(compression);
        let record = record_of(&codec, &[&text]);
        assert_eq!(read(&codec, &record).unwrap(), [&text]);
        for len in (4..record.len()).step_by(record.len() / 61) {
            assert!(read(&codec, &record.slice(..len)).is_err(), "{format}: {len} of {} bytes", record.len());
        }
        // The end of an LZ4 frame is four zero bytes and a checksum.
        assert!(read(&codec, &record.slice(..record.len() - 8)).is_err(), "{format}");
    }
}

#[test]
fn damage_at_any_byte_is_poison_or_does_no_harm() {
    let lines = lines();
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let record = record_of(&codec, &lines);
        for (at, mask) in (0..record.len()).flat_map(|at| [0x01, 0x10, 0x80, 0xff].map(|mask| (at, mask))) {
            let mut damaged = record.to_vec();
            damaged[at] ^= mask;
            let damaged = Bytes::from(damaged);
            if Format::of(&damaged).is_none() {
                continue;
            }
            // Some bytes of a header mean nothing for the messages, such as a time.
            match read(&codec, &damaged) {
                Ok(messages) => assert_eq!(messages, lines, "{format}: byte {at} by {mask:#x}"),
                Err(cause) => assert!(cause.starts_with("inflate "), "{format}: byte {at}: {cause}"),
            }
        }
    }
}

#[test]
fn bytes_after_a_record_are_poison() {
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let record = record_of(&codec, &lines());
        let followed = Bytes::from([&record[..], b"more"].concat());
        assert!(read(&codec, &followed).is_err(), "{format}");
    }
}

#[test]
fn a_decoder_reads_on_after_a_record_that_it_could_not() {
    for (format, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let record = record_of(&codec, &lines());
        for len in [5, record.len() / 2, record.len() - 1] {
            assert!(read(&codec, &record.slice(..len)).is_err(), "{format}");
            assert_eq!(read(&codec, &record).unwrap(), lines(), "{format}");
        }
    }
}

#[test]
fn the_whole_record_is_the_poison_and_one_piece() {
    for (_, compression) in formats() {
        let codec = raw(Lines).compressed(compression);
        let record = record_of(&codec, &lines());
        let cut = record.slice(..record.len() / 2);
        let split = codec.framing().split(&cut);
        assert!(split.parts.is_empty(), "no message is made up from half a record");
        assert_eq!(split.damaged.expect("it is cut short").0, cut);
    }
}
