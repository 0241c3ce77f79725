//! What holds for any messages and any bytes, for every framing.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use crate::codec::{Frame, Framing, Lines, List, Netstrings, Single};
use crate::{Headers, Key};

const JOINING: [&dyn Framing; 3] = [&Lines, &List, &Netstrings];

/// Payloads that some framing is particular about, among any others.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[\\[\\]{}:,\"0-9\\r\\n a]{0,12}".prop_map(String::into_bytes),
        "\\PC{0,20}".prop_map(|text| serde_json::to_vec(&text).unwrap()),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        Just(b"{\"a\":[1,{\"b\":null}]}".to_vec()),
    ]
}

/// Arbitrary bytes, and bytes that are nearly a record.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}:,\"0-9\\r\\n \\\\u]{0,60}".prop_map(String::into_bytes),
        "([0-9]{1,3}:[a-z]{0,9},){0,5}".prop_map(String::into_bytes),
        "\\[([0-9]{1,3}, ?|\"[a-z]{0,9}\",){0,5}[0-9]?\\]?".prop_map(String::into_bytes),
    ]
}

/// The messages that a framing accepts. White space around a JSON value is not part of it.
fn fit(framing: &dyn Framing, payloads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let padded = |payload: &[u8]| framing.name() == "list" && payload.trim_ascii() != payload;
    payloads.iter().filter(|payload| framing.accepts(payload).is_ok() && !padded(payload)).cloned().collect()
}

fn push_all(frame: &mut dyn Frame, payloads: &[Vec<u8>]) -> Bytes {
    let key = Key::from("a");
    for payload in payloads {
        frame.push(&key, payload, &Headers::new());
    }
    frame.finish()
}

proptest! {
    #[test]
    fn a_record_comes_apart_into_what_went_in(payloads in prop::collection::vec(payload(), 0..20)) {
        for framing in JOINING {
            let payloads = fit(framing, &payloads);
            let mut frame = framing.open();
            // Twice, because a frame is used again.
            for _ in 0..2 {
                let split = framing.split(&push_all(&mut *frame, &payloads));
                prop_assert_eq!(frame.count(), 0);
                prop_assert!(split.damaged.is_none());
                let read: Vec<_> = split.parts.iter().map(|part| part.payload.to_vec()).collect();
                prop_assert_eq!(&read, &payloads, "{}", framing.name());
            }
        }
    }

    #[test]
    fn the_length_is_predicted_exactly(payloads in prop::collection::vec(payload(), 1..12)) {
        let key = Key::from("a");
        for framing in JOINING {
            let payloads = fit(framing, &payloads);
            let mut frame = framing.open();
            for (place, payload) in payloads.iter().enumerate() {
                let predicted = frame.len_with(&key, payload, &Headers::new());
                frame.push(&key, payload, &Headers::new());
                prop_assert_eq!(frame.count(), place + 1);
                let whole = push_all(&mut *framing.open(), &payloads[..=place]);
                prop_assert_eq!(predicted, whole.len(), "{}", framing.name());
            }
        }
        prop_assert_eq!(Single.open().len_with(&key, &payloads[0], &Headers::new()), payloads[0].len());
        prop_assert_eq!(push_all(&mut *Single.open(), &payloads[..1]), &payloads[0][..]);
    }

    #[test]
    fn any_bytes_come_apart_without_a_panic_and_share_their_memory(bytes in hostile()) {
        let record = Bytes::from(bytes);
        let within = |slice: &Bytes| {
            let memory = record.as_ptr_range();
            slice.is_empty() || (memory.contains(&slice.as_ptr()) && slice.as_ptr_range().end <= memory.end)
        };
        for framing in JOINING {
            let split = framing.split(&record);
            prop_assert!(split.parts.iter().all(|part| within(&part.payload)));
            // The damaged rest starts behind the last good message and reaches to the end.
            if let Some((rest, _)) = split.damaged {
                prop_assert!(record.ends_with(&rest));
                let good: usize = split.parts.iter().map(|part| part.payload.len()).sum();
                prop_assert!(good + rest.len() <= record.len());
            }
        }
    }

    #[test]
    fn the_messages_before_the_damage_are_good(
        payloads in prop::collection::vec(payload(), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        for framing in [&List as &dyn Framing, &Netstrings] {
            let payloads = fit(framing, &payloads);
            let whole = push_all(&mut *framing.open(), &payloads);
            if whole.is_empty() {
                continue;
            }
            let split = framing.split(&whole.slice(..cut.index(whole.len())));
            let read: Vec<_> = split.parts.iter().map(|part| part.payload.to_vec()).collect();
            prop_assert_eq!(&read[..], &payloads[..read.len()]);
        }
    }
}

#[test]
fn a_message_that_a_framing_cannot_hold_is_refused_before_it_harms_its_neighbours() {
    for payload in [&b""[..], b"two\nlines", b"carriage return\r"] {
        assert!(Lines.accepts(payload).is_err(), "{payload:?}");
    }
    for payload in [&b""[..], b"1,2", b"1]", b"{", b"\"\xff\"", b"text"] {
        assert!(List.accepts(payload).is_err(), "{payload:?}");
    }
    assert!(Netstrings.accepts(b"any\xff\n").is_ok());
    assert!(Single.accepts(b"").is_ok());
}

#[test]
fn a_bad_netstring_damages_the_rest_and_says_why() {
    let cases = [
        ("3:123,4:tes", "a length of 4, and only 3 bytes follow"),
        ("3:123,4:test", "a length of 4, and only 4 bytes follow"),
        ("3:123,4:test;", "expected ',' after 4 bytes, found ';'"),
        ("3:123,04:test,", "leading zeros"),
        ("3:123,99999999999999999999:test,", "more than 10 digits"),
        ("3:123,9999999999:test,", "a length of 9999999999"),
        ("3:123,:test,", "expected a length and ':', found ':'"),
        ("3:123,x", "found 'x'"),
        ("3:123,4", "its length is cut short"),
    ];
    for (record, cause) in cases {
        let split = Netstrings.split(&record.into());
        assert_eq!(split.parts.len(), 1);
        let (rest, error) = split.damaged.unwrap();
        assert_eq!(rest, record[6..]);
        let error = error.to_string();
        assert!(error.starts_with("netstring that starts at byte 6: ") && error.contains(cause), "{error}");
    }
}

#[test]
fn a_bad_list_damages_the_rest_and_says_why() {
    let cases = [
        ("[1, 2", 1, " 2", "cut short"),
        ("[12", 0, "12", "cut short"),
        ("[1,", 1, "", "cut short"),
        ("[1,]", 1, "]", "expected value"),
        ("[1, bad, 2]", 1, " bad, 2]", "element that starts at byte 3"),
        ("[1 2]", 0, "1 2]", "expected ',' at byte 3, found '2'"),
        ("[1] [2]", 1, "[2]", "bytes after the array, from byte 4"),
        ("{\"a\":1}", 0, "{\"a\":1}", "expected '[' at byte 0, found '{'"),
        ("", 0, "", "empty"),
    ];
    for (record, good, damaged, cause) in cases {
        let split = List.split(&record.into());
        let (rest, error) = split.damaged.unwrap();
        assert!(error.to_string().contains(cause), "{record}: {error}");
        assert_eq!((split.parts.len(), &rest[..]), (good, damaged.as_bytes()), "{record}");
    }
}

#[test]
fn a_record_of_a_megabyte_comes_apart_in_one_pass() {
    // A quadratic reader takes hours for these, a linear one milliseconds.
    let netstrings = Bytes::from("1:x,".repeat(1 << 18));
    assert_eq!(Netstrings.split(&netstrings).parts.len(), 1 << 18);
    let lines = Bytes::from("x\n".repeat(1 << 19));
    assert_eq!(Lines.split(&lines).parts.len(), 1 << 19);
    let list = Bytes::from(format!("[{}1]", "1,".repeat(1 << 19)));
    assert_eq!(List.split(&list).parts.len(), (1 << 19) + 1);
    let digits = Bytes::from("1".repeat(1 << 20));
    assert_eq!(Netstrings.split(&digits).damaged.unwrap().0, digits);
}

#[test]
fn framings_are_shared_behind_a_pointer() {
    let framing: Arc<dyn Framing> = Arc::new(Lines);
    assert_eq!(framing.open().finish(), "");
}
