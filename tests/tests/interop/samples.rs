//! User records and Kinesis records on which readers and writers of aggregates may differ, each with a name.

use bytes::Bytes;
use headwater::{HashKey, Headers, Key};
use headwater_kinesis::kpl::UserRecord;
use headwater_tests::Found;
use md5::{Digest, Md5};

/// The names of what is [`written`].
pub(crate) const WRITTEN: [&str; 8] = [
    "two keys",
    "unicode",
    "empty payloads",
    "five hundred",
    "explicit hash keys",
    "some with an explicit hash key",
    "one alone",
    "one alone with an explicit hash key",
];

/// The names of what is [`malformed`].
pub(crate) const MALFORMED: [&str; 7] = [
    "nothing",
    "shorter than the magic",
    "a wrong digest",
    "the digest of nothing",
    "no protobuf",
    "duplicate and unused table entries",
    "an index outside its table",
];

fn user(key: impl Into<Key>, data: impl Into<Bytes>) -> UserRecord {
    UserRecord::new(key, data)
}

fn hashed(key: &str, hash: HashKey) -> Key {
    Key::from(key).hashed(hash)
}

/// The user records of a sample that is written.
pub(crate) fn written(sample: &str) -> Vec<UserRecord> {
    let middle = HashKey::new(1 << 127);
    match sample {
        "two keys" => vec![user("a", "one"), user("b", "two"), user("a", "three")],
        "unicode" => vec![
            user("ключ", "h\u{e9}llo"),
            user("鍵", "\u{1f980}\n\u{0}"),
            user("é".repeat(256), vec![0xff, 0xfe, 0x00]),
            user("ключ", "\u{feff}"),
        ],
        "empty payloads" => vec![user("a", ""), user("b", ""), user("a", "")],
        // So many keys and such lengths that indices and lengths take one byte and two.
        "five hundred" => {
            let payload = |number: usize| vec![number as u8; number * 7 % 300];
            (0..500).map(|number| user(format!("key-{}", number % 150), payload(number))).collect()
        }
        "explicit hash keys" => vec![
            user(hashed("a", HashKey::MIN), "first"),
            user(hashed("b", HashKey::MAX), "last"),
            user(hashed("a", middle), "one key, two hash keys"),
            user(hashed("c", HashKey::MIN), "two keys, one hash key"),
        ],
        "some with an explicit hash key" => {
            vec![user("a", "none"), user(hashed("a", middle), "one"), user("b", "none again")]
        }
        "one alone" => vec![user("customer-7", "alone")],
        "one alone with an explicit hash key" => vec![user(hashed("customer-7", middle), "alone")],
        other => panic!("{other}: no such sample"),
    }
}

/// The same user records, each with headers.
pub(crate) fn headed(users: Vec<UserRecord>) -> Vec<UserRecord> {
    let mut headers = Headers::new();
    for (name, value) in [("traceparent", "00-4bf9-00f0-01"), ("пусто", ""), ("long", &"v".repeat(300))]
    {
        headers.insert(name, value).expect("it is within the limits");
    }
    users.into_iter().map(|user| UserRecord { headers: headers.clone(), ..user }).collect()
}

/// A Kinesis record that no producer should write, and what it is.
pub(crate) fn malformed(sample: &str) -> (Bytes, Found) {
    match sample {
        "nothing" => (Bytes::new(), Found::Plain),
        "shorter than the magic" => (Bytes::from_static(&MAGIC[..3]), Found::Plain),
        "a wrong digest" => {
            let mut record = aggregate(b"\x0a\x01a\x1a\x05\x08\x00\x1a\x01x").to_vec();
            *record.last_mut().expect("it has a digest") ^= 1;
            (record.into(), Found::Plain)
        }
        "the digest of nothing" => (aggregate(b""), Found::Plain),
        "no protobuf" => (aggregate(b"\xff\xff\xff"), Found::Plain),
        "duplicate and unused table entries" => {
            let tables = b"\x0a\x01a\x0a\x01a\x0a\x01b\x12\x017\x12\x017\x12\x018";
            let users = b"\x1a\x07\x08\x00\x10\x00\x1a\x01x\x1a\x07\x08\x01\x10\x01\x1a\x01y";
            let seven = || hashed("a", HashKey::new(7));
            let found = Found::Users(vec![user(seven(), "x"), user(seven(), "y")]);
            (aggregate(&[&tables[..], users].concat()), found)
        }
        "an index outside its table" => {
            (aggregate(b"\x0a\x01a\x1a\x05\x08\x00\x1a\x01x\x1a\x05\x08\x01\x1a\x01y"), Found::Damaged)
        }
        other => panic!("{other}: no such sample"),
    }
}

/// Makes an aggregate of a single user record, which the KPL never does. It is short.
pub(crate) fn wrap(user: &UserRecord) -> Bytes {
    let field = |tag: u8, data: &[u8]| [&[tag, data.len() as u8], data].concat();
    let mut body = field(0x0a, user.key.partition_key().as_bytes());
    let mut indices = vec![0x08, 0x00];
    if let Some(hash) = user.key.explicit_hash_key() {
        body.extend(field(0x12, hash.to_string().as_bytes()));
        indices.extend([0x10, 0x00]);
    }
    indices.extend(field(0x1a, &user.data));
    body.extend(field(0x1a, &indices));
    aggregate(&body)
}

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

fn aggregate(body: &[u8]) -> Bytes {
    [&MAGIC[..], body, &Md5::digest(body)].concat().into()
}
