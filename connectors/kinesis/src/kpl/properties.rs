//! What holds for any keys and any bytes.

use bytes::Bytes;
use headwater::codec::{Frame, Framing, Part};
use headwater::{HashKey, Headers, Key};
use md5::{Digest, Md5};
use proptest::prelude::*;
use prost::Message;

use crate::kpl::proto::{AggregatedRecord, Record, Tag};
use crate::kpl::{Kpl, MAGIC, UserRecord, deaggregate};

/// Few keys, so that tables are shared, and some of any kind of text.
fn key() -> impl Strategy<Value = Key> {
    let partition_key = prop_oneof!["[abc]", "\\PC{1,40}", "[a-z]{120,256}"];
    let hash_key = prop_oneof![
        4 => Just(None),
        2 => (0_u128..3).prop_map(Some),
        1 => any::<u128>().prop_map(Some),
        1 => Just(Some(u128::MAX)),
    ];
    (partition_key, hash_key).prop_map(|(partition_key, hash_key)| {
        let key = Key::from(partition_key);
        match hash_key {
            Some(hash_key) => key.hashed(HashKey::new(hash_key)),
            None => key,
        }
    })
}

/// Mostly none.
fn headers() -> impl Strategy<Value = Headers> {
    let some = prop::collection::vec(("[abc]|\\PC{1,30}", "\\PC{0,70}"), 1..4).prop_map(|pairs| {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.insert(&name, &value).expect("they are short");
        }
        headers
    });
    prop_oneof![2 => Just(Headers::new()), 1 => some]
}

fn users(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<UserRecord>> {
    let data = prop::collection::vec(any::<u8>(), 0..200);
    let user = (key(), data, headers());
    prop::collection::vec(
        user.prop_map(|(key, data, headers)| UserRecord { key, data: data.into(), headers }),
        count,
    )
}

fn frame_of(users: &[UserRecord]) -> Box<dyn Frame> {
    let mut frame = Kpl.open();
    for UserRecord { key, data, headers } in users {
        frame.push(key, data, headers);
    }
    frame
}

/// The format as its description reads, by way of the protobuf library.
fn reference(users: &[UserRecord]) -> Vec<u8> {
    let mut aggregated = AggregatedRecord::default();
    let index_of = |table: &mut Vec<Bytes>, text: String| {
        let text = Bytes::from(text);
        let index = table.iter().position(|known| *known == text).unwrap_or_else(|| {
            table.push(text);
            table.len() - 1
        });
        Some(index as u64)
    };
    for UserRecord { key, data, headers } in users {
        let partition_key = key.partition_key().to_owned();
        let partition_key_index = index_of(&mut aggregated.partition_key_table, partition_key);
        let explicit_hash_key_index = key
            .explicit_hash_key()
            .and_then(|hash_key| index_of(&mut aggregated.explicit_hash_key_table, hash_key.to_string()));
        let text = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
        let tags = headers.iter().map(|(name, value)| Tag { key: text(name), value: text(value) }).collect();
        let data = Some(data.clone());
        aggregated.records.push(Record { partition_key_index, explicit_hash_key_index, data, tags });
    }
    let body = aggregated.encode_to_vec();
    [&MAGIC[..], &body, &Md5::digest(&body)].concat()
}

proptest! {
    #[test]
    fn an_aggregate_comes_apart_into_what_went_in(users in users(2..60)) {
        let split = Kpl.split(&frame_of(&users).finish());
        prop_assert!(split.damaged.is_none());
        let user = |part: Part| UserRecord {
            key: part.key.unwrap(),
            data: part.payload,
            headers: part.headers,
        };
        let read: Vec<UserRecord> = split.parts.into_iter().map(user).collect();
        prop_assert_eq!(read, users);
    }

    #[test]
    fn an_aggregate_is_what_the_protobuf_library_writes(users in users(2..60)) {
        prop_assert_eq!(&frame_of(&users).finish()[..], reference(&users));
    }

    #[test]
    fn the_length_is_predicted_exactly(users in users(1..24)) {
        let mut frame = Kpl.open();
        for (place, UserRecord { key, data, headers }) in users.iter().enumerate() {
            let predicted = frame.len_with(key, data, headers);
            frame.push(key, data, headers);
            prop_assert_eq!(frame.count(), place + 1);
            prop_assert_eq!(predicted, frame_of(&users[..=place]).finish().len());
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let split = Kpl.split(&bytes.clone().into());
        prop_assert_eq!(&split.parts[0].payload[..], &bytes);

        // The same bytes where they get past the magic and the digest.
        let record: Bytes = [&MAGIC[..], &bytes, &Md5::digest(&bytes)].concat().into();
        let _ = deaggregate(&record);
    }

    #[test]
    fn a_damaged_aggregate_never_panics(users in users(2..9), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let record = frame_of(&users).finish();
        let mut body = record[MAGIC.len()..record.len() - 16].to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        let record: Bytes = [&MAGIC[..], &body, &Md5::digest(&body)].concat().into();
        let _ = deaggregate(&record);
    }
}

#[test]
fn an_aggregate_of_thousands_of_user_records_comes_apart() {
    let user = |n: u32| UserRecord::new(format!("key-{}", n % 700), n.to_be_bytes().to_vec());
    let users: Vec<UserRecord> = (0..5_000).map(user).collect();
    let record = frame_of(&users).finish();
    let parts = Kpl.split(&record).parts;
    assert_eq!(parts.len(), 5_000);
    assert_eq!(parts[4_999].key, Some(users[4_999].key.clone()));
}
