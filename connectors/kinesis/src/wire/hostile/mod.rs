//! Answers that no service gives, and those that only few give: none brings a parser to panic, none has it make up a
//! record, and all that are well-formed are read, as others who read these formats agree.

mod cbor;
mod cbor_oracle;
mod json;
mod json_oracle;
mod mutate;
mod told;
mod tree;

use std::env;

use fastrand::Rng;
use headwater::batch::{Refused, Stored};
use headwater::{Error, ErrorKind, Result};

use self::json_oracle::Entry;
use self::told::Told;
use super::Format;
use super::get::Parser;
use super::put::parse;
use super::refused;

/// How many answers a seed makes.
const CASES: usize = 10_000;
const FORMATS: [Format; 2] = [Format::Json, Format::Cbor];

/// The seeds to run: three, or those that a soak names.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let first = number("HEADWATER_FIRST_SEED").unwrap_or(0);
    first..first + number("HEADWATER_SEEDS").unwrap_or(3)
}

/// Runs a check of one answer in either format, many times for each seed. The check tells whether the answer was read.
fn play(check: impl Fn(Format, &mut Rng) -> bool) {
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let mut read = 0;
        for case in 0..CASES {
            // A failure names what it takes to see it again.
            let name = Case { seed, case };
            read += usize::from(check(FORMATS[case % 2], &mut rng));
            name.pass();
        }
        // Neither answers that are all good nor such as are all bad would show much.
        assert!((CASES / 4..CASES * 3 / 4).contains(&read), "seed {seed}: {read} of {CASES} were read");
    }
}

/// Says which case it was where its check panics.
struct Case {
    seed: u64,
    case: usize,
}

impl Case {
    fn pass(self) {
        std::mem::forget(self);
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        eprintln!("seed {}, case {}", self.seed, self.case);
    }
}

fn bytes(tree: &tree::Tree, format: Format, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = match format {
        Format::Json => json::write(tree, rng),
        Format::Cbor => cbor::write(tree, rng),
    };
    if rng.bool() {
        mutate::mutate(&mut bytes, rng);
    }
    bytes
}

/// Has a parser read an answer which comes in pieces of the lengths that are chosen.
fn read(format: Format, bytes: &[u8], mut length: impl FnMut() -> usize) -> Result<Told> {
    let mut parser = Parser::new(format, 0);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(length().clamp(1, rest.len()));
        parser.feed(piece)?;
        rest = after;
    }
    let answer = parser.finish()?;
    assert_eq!(answer.payloads, answer.records.iter().map(|record| record.payload.len()).sum::<usize>());
    Ok(Told::from(&answer))
}

/// Tells whether an answer that was refused should have been read, because others read it.
fn is_sound(format: Format, bytes: &[u8], refused: &Error) -> bool {
    match format {
        Format::Json => json_oracle::is_sound(bytes),
        // ciborium reads parts within parts, which RFC 8949, section 3.2.3, does not allow.
        Format::Cbor => {
            cbor_oracle::is_sound(bytes) && !refused.to_string().contains("a part that has a length")
        }
    }
}

fn check_reading(format: Format, rng: &mut Rng) -> bool {
    let bytes = bytes(&tree::reading(rng), format, rng);
    let show = || String::from_utf8_lossy(&bytes).into_owned();
    let agreed = match format {
        Format::Json => json_oracle::read(&bytes),
        Format::Cbor => cbor_oracle::read(&bytes),
    };
    let told = read(format, &bytes, || usize::MAX);
    match (&told, agreed) {
        (Ok(told), agreed) => assert_eq!(Some(told), agreed.as_ref(), "{}", show()),
        (Err(error), Some(_)) if is_sound(format, &bytes, error) => panic!("{error}: {}", show()),
        (Err(error), _) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
    }
    let most = [1, 7, 100, 5_000][rng.usize(..4)];
    let in_pieces = read(format, &bytes, || rng.usize(1..=most));
    match (told, in_pieces) {
        (Ok(told), in_pieces) => {
            assert_eq!(told, in_pieces.unwrap(), "{}", show());
            true
        }
        (Err(error), in_pieces) => {
            assert_eq!(error.to_string(), in_pieces.unwrap_err().to_string(), "{}", show());
            false
        }
    }
}

fn outcome(entry: Entry) -> Result<Stored, Refused> {
    match (entry.error_code, entry.shard_id, entry.sequence_number) {
        (None, Some(shard), Some(sequence)) => {
            Ok(Stored { shard: shard.as_str().into(), sequence: sequence.into() })
        }
        (code, ..) => Err(refused(code, entry.error_message)),
    }
}

fn check_putting(format: Format, rng: &mut Rng) -> bool {
    let bytes = bytes(&tree::putting(rng), format, rng);
    let agreed = match format {
        Format::Json => json_oracle::read_put(&bytes),
        Format::Cbor => cbor_oracle::read_put(&bytes),
    };
    let entries = agreed.as_ref().map_or(rng.usize(..6), Vec::len);
    let show = || String::from_utf8_lossy(&bytes).into_owned();
    match (parse(format, &bytes, entries), agreed) {
        (Ok(response), Some(agreed)) => {
            let agreed: Vec<_> = agreed.into_iter().map(outcome).collect();
            assert_eq!(response.outcomes(), agreed, "{}", show());
            true
        }
        (Ok(_), None) => panic!("made up: {}", show()),
        (Err(error), Some(_)) if is_sound(format, &bytes, &error) => panic!("{error}: {}", show()),
        (Err(error), _) => {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            false
        }
    }
}

#[test]
fn soak_whatever_get_records_answers_no_record_is_made_up_and_none_is_lost() {
    play(check_reading);
}

#[test]
fn soak_whatever_put_records_answers_no_outcome_is_made_up_and_none_is_lost() {
    play(check_putting);
}

#[test]
fn what_is_nested_too_deep_is_malformed() {
    for (depth, is_read) in [(100, true), (200, false), (1_000_000, false)] {
        let json = [&b"{\"x\":"[..], &b"[".repeat(depth), &b"]".repeat(depth), b",\"Records\":[]}"].concat();
        let cbor = [&b"\xa2\x61x"[..], &b"\x81".repeat(depth), b"\x80\x67Records\x80"].concat();
        for (format, bytes) in [(Format::Json, json), (Format::Cbor, cbor)] {
            assert_eq!(read(format, &bytes, || usize::MAX).is_ok(), is_read, "{depth} {format:?}");
            assert_eq!(parse(format, &bytes, 0).is_ok(), is_read, "{depth} {format:?}");
        }
    }
}
