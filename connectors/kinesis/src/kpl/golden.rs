//! What other producers write and other consumers read, byte for byte; and records that no producer should write.

use bytes::Bytes;
use headwater::codec::{Codec, Framing, Json, Serializer, Utf8};
use headwater::{ErrorKind, HashKey, Headers, Key};
use md5::{Digest, Md5};
use prost::Message as _;
use serde::Serialize;

use crate::kpl::proto::{AggregatedRecord, Record, Tag};
use crate::kpl::{Contents, Kpl, MAGIC, UserRecord, deaggregate, kpl_json, kpl_string, partition_hash_key};

#[derive(Clone, Serialize)]
struct Item {
    test: u32,
}

const JSON: &str = "f3899ac20a01611a1008001a0c7b2274657374223a3132337d1a1008001a0c7b2274657374223a3435367d\
                    9593fe703625b9fa4dae30455990ed92";
const JSON_SPACED: &str = "f3899ac20a01611a1108001a0d7b2274657374223a203132337d1a1108001a0d7b2274657374223a20343536\
                           7d24b571d8cf2d1bbd5de227fae96648c8";
const STRING: &str = "f3899ac20a01611a0708001a033132331a0808001a047465737444b47432846de9a761c2774e0a3d26e6";

fn hex(text: &str) -> Bytes {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn write<T, S: Serializer<T>>(codec: &Codec<S>, items: &[T]) -> Bytes {
    let mut frame = codec.framing().open();
    let key = Key::from("a");
    for item in items {
        let mut payload = Vec::new();
        codec.serializer().serialize(item, &mut payload).unwrap();
        frame.push(&key, &payload, &Headers::new());
    }
    frame.finish()
}

/// Wraps protobuf as an aggregate.
fn aggregate(body: &[u8]) -> Bytes {
    [&MAGIC[..], body, &Md5::digest(body)].concat().into()
}

fn users(record: &Bytes) -> Vec<UserRecord> {
    match deaggregate(record).unwrap() {
        Contents::Aggregate(users) => users,
        other => panic!("not an aggregate: {other:?}"),
    }
}

fn texts(record: &Bytes) -> Vec<String> {
    let parts = Kpl.split(record).parts;
    assert!(parts.iter().all(|part| part.key == Some(Key::from("a"))));
    parts.into_iter().map(|part| String::from_utf8(part.payload.to_vec()).unwrap()).collect()
}

#[test]
fn an_aggregate_is_what_the_kpl_writes_byte_for_byte() {
    assert_eq!(write(&kpl_json::<Item>(), &[Item { test: 123 }, Item { test: 456 }]), hex(JSON));
    assert_eq!(write(&kpl_string(), &["123", "test"]), hex(STRING));
}

#[test]
fn an_aggregate_of_another_producer_is_read() {
    assert_eq!(texts(&hex(JSON)), [r#"{"test":123}"#, r#"{"test":456}"#]);
    assert_eq!(texts(&hex(JSON_SPACED)), [r#"{"test": 123}"#, r#"{"test": 456}"#]);
    assert_eq!(texts(&hex(STRING)), ["123", "test"]);
}

#[test]
fn tables_hold_each_key_once_in_order_of_first_use() {
    let pinned = Key::from("b").hashed(HashKey::new(7));
    let mut frame = Kpl.open();
    for key in [Key::from("c"), pinned.clone(), Key::from("b"), Key::from("c"), pinned.clone()] {
        frame.push(&key, b"x", &Headers::new());
    }
    let body = b"\x0a\x01c\x0a\x01b\x12\x017\
                 \x1a\x05\x08\x00\x1a\x01x\x1a\x07\x08\x01\x10\x00\x1a\x01x\x1a\x05\x08\x01\x1a\x01x\
                 \x1a\x05\x08\x00\x1a\x01x\x1a\x07\x08\x01\x10\x00\x1a\x01x";
    let record = frame.finish();
    assert_eq!(record, aggregate(body));
    let keys: Vec<_> = users(&record).into_iter().map(|user| user.key).collect();
    assert_eq!(keys, [Key::from("c"), pinned.clone(), Key::from("b"), Key::from("c"), pinned]);
}

#[test]
fn one_user_record_alone_is_not_wrapped() {
    let mut frame = Kpl.open();
    let key = Key::from("customer-7").hashed(HashKey::MAX);
    assert_eq!(frame.len_with(&key, b"alone", &Headers::new()), 5);
    frame.push(&key, b"alone", &Headers::new());
    assert_eq!(frame.finish(), "alone");
    assert_eq!(frame.count(), 0);

    let split = Kpl.split(&"alone".into());
    assert_eq!((split.parts.len(), &split.parts[0].key), (1, &None));
}

#[test]
fn headers_are_the_tags_of_a_user_record_that_is_wrapped_even_alone() {
    let key = Key::from("a");
    let mut headers = Headers::new();
    headers.insert("k", "v").unwrap();
    headers.insert("empty", "").unwrap();
    let tags = b"\x22\x06\x0a\x01k\x12\x01v\x22\x09\x0a\x05empty\x12\x00";
    let record = [&b"\x08\x00\x1a\x01x"[..], tags].concat();
    let body = [b"\x0a\x01a\x1a", &[record.len() as u8][..], &record].concat();

    let mut frame = Kpl.open();
    assert_eq!(frame.len_with(&key, b"x", &headers), 4 + body.len() + 16);
    frame.push(&key, b"x", &headers);
    let alone = frame.finish();
    assert_eq!(alone, aggregate(&body));
    assert_eq!(users(&alone), [UserRecord { headers, ..UserRecord::new("a", "x") }]);

    frame.push(&key, b"plain again", &Headers::new());
    assert_eq!(frame.finish(), "plain again");
}

#[test]
fn tags_that_no_message_may_have_are_left_out_and_the_user_record_is_not() {
    let tag = |key: Option<&'static [u8]>, value: Option<Vec<u8>>| Tag {
        key: key.map(Bytes::from_static),
        value: value.map(Bytes::from),
    };
    let tags = vec![
        tag(None, Some(b"of no key".to_vec())),
        tag(Some(b"\xff"), Some(b"v".to_vec())),
        tag(Some(b"no text"), Some(b"\xff".to_vec())),
        tag(Some(b"long"), Some(vec![b'v'; Headers::MAX_VALUE_LEN + 1])),
        tag(Some(b"without a value"), None),
        tag(Some(b"good"), Some(b"v".to_vec())),
    ];
    let record =
        Record { partition_key_index: Some(0), explicit_hash_key_index: None, data: Some("x".into()), tags };
    let (partition_key_table, records) = (vec!["a".into()], vec![record]);
    let aggregated = AggregatedRecord { partition_key_table, explicit_hash_key_table: Vec::new(), records };
    let users = users(&aggregate(&aggregated.encode_to_vec()));
    assert_eq!(users[0].data, "x");
    assert_eq!(users[0].headers.iter().collect::<Vec<_>>(), [("without a value", ""), ("good", "v")]);
}

#[test]
fn a_finished_aggregate_starts_anew_without_the_keys_of_the_last() {
    let mut frame = Kpl.open();
    for (first, second, tables) in
        [("a", "b", b"\x0a\x01a\x0a\x01b\x12\x010"), ("c", "d", b"\x0a\x01c\x0a\x01d\x12\x011")]
    {
        let hash_key = HashKey::new(u128::from(first == "c"));
        frame.push(&Key::from(first).hashed(hash_key), b"x", &Headers::new());
        frame.push(&Key::from(second), b"x", &Headers::new());
        let records = b"\x1a\x07\x08\x00\x10\x00\x1a\x01x\x1a\x05\x08\x01\x1a\x01x";
        assert_eq!(frame.finish(), aggregate(&[&tables[..], records].concat()));
    }
}

#[test]
fn a_user_record_without_an_explicit_hash_key_index_has_none() {
    // The table has an entry, which only the first user record uses.
    let body = b"\x0a\x01a\x12\x017\x1a\x07\x08\x00\x10\x00\x1a\x01x\x1a\x05\x08\x00\x1a\x01y";
    let keys: Vec<_> = users(&aggregate(body)).into_iter().map(|user| user.key.explicit_hash_key()).collect();
    assert_eq!(keys, [Some(HashKey::new(7)), None]);
}

#[test]
fn duplicate_and_unused_table_entries_are_fine() {
    let body = b"\x0a\x01a\x0a\x01a\x0a\x01z\x12\x03bad\x1a\x05\x08\x01\x1a\x01x\x1a\x05\x08\x00\x1a\x01y";
    let users = users(&aggregate(body));
    assert!(users.iter().all(|user| user.key == Key::from("a")));
}

#[test]
fn an_index_outside_its_table_is_an_error_for_that_record() {
    let bodies: [(&[u8], &str); 4] = [
        (
            b"\x0a\x01a\x1a\x05\x08\x00\x1a\x01x\x1a\x05\x08\x01\x1a\x01y",
            "user record 1: partition key 1 of a table of 1",
        ),
        (b"\x1a\x05\x08\x00\x1a\x01x", "user record 0: partition key 0 of a table of 0"),
        (b"\x0a\x01a\x1a\x07\x08\x00\x10\x00\x1a\x01x", "user record 0: explicit hash key 0 of a table of 0"),
        (b"\x0a\x01a\x12\x01-\x1a\x07\x08\x00\x10\x00\x1a\x01x", "explicit hash key 0 is not a number"),
    ];
    for (body, cause) in bodies {
        let record = aggregate(body);
        let error = deaggregate(&record).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains(cause), "{error}");

        let split = Kpl.split(&record);
        assert!(split.parts.is_empty(), "never a silent cut");
        assert_eq!(split.damaged.unwrap().0, record);
    }
}

#[test]
fn what_is_no_aggregate_is_a_plain_record_as_it_is() {
    let good = hex(JSON);
    let without_magic = good.slice(1..);
    let only_magic_and_digest = aggregate(b"");
    let no_protobuf = aggregate(b"\xff\xff\xff");
    let no_data = aggregate(b"\x0a\x01a\x1a\x02\x08\x00");
    let no_index = aggregate(b"\x0a\x01a\x1a\x03\x1a\x01x");
    let no_text = aggregate(b"\x0a\x01\xff\x1a\x05\x08\x00\x1a\x01x");
    for record in [without_magic, only_magic_and_digest, no_protobuf, no_data, no_index, no_text] {
        assert_eq!(deaggregate(&record).unwrap(), Contents::Plain, "{record:?}");
        let split = Kpl.split(&record);
        assert_eq!((&split.parts[0].payload, &split.parts[0].key), (&record, &None));
    }
}

#[test]
fn a_wrong_digest_behind_the_magic_is_a_plain_record_that_can_be_counted() {
    let mut record = hex(JSON).to_vec();
    *record.last_mut().unwrap() ^= 1;
    let record = Bytes::from(record);
    assert_eq!(deaggregate(&record).unwrap(), Contents::BadDigest);
    assert_eq!(Kpl.split(&record).parts[0].payload, record);
}

#[test]
fn user_records_share_the_memory_of_their_record() {
    let record = hex(JSON);
    let memory = record.as_ptr_range();
    assert!(users(&record).iter().all(|user| memory.contains(&user.data.as_ptr())));
}

#[test]
fn any_serializer_goes_into_an_aggregate() {
    let codec = Codec::new(Kpl, Utf8);
    assert_eq!(texts(&write(&codec, &["x", "", "z"])), ["x", "", "z"]);
    let codec = Codec::new(Kpl, Json::<String>::new());
    assert_eq!(texts(&write(&codec, &["x".to_owned(), "y".to_owned()])), ["\"x\"", "\"y\""]);
}

#[test]
fn the_hash_key_of_a_partition_key_is_its_md5_big_endian() {
    let known = [
        ("a", "16955237001963240173058271559858726497"),
        ("ключ", "259726384039714788407059515981389908711"),
    ];
    for (partition_key, hash_key) in known {
        assert_eq!(partition_hash_key(partition_key).to_string(), hash_key);
    }
}
