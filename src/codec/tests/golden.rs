//! What other programs write and read, byte for byte, for every preset.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{
    Codec, Deserializer, Json, MessagePack, Netstrings, Raw, Serializer, Single, bytes, json, json_lines,
    json_list, msgpack, string,
};
use crate::{Headers, Key};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    test: u32,
}

const FIRST: Item = Item { test: 123 };
const SECOND: Item = Item { test: 456 };

fn write<T, S: Serializer<T>>(codec: &Codec<S>, items: &[T]) -> Bytes {
    let mut frame = codec.framing().open();
    let key = Key::from("a");
    for item in items {
        let mut payload = Vec::new();
        codec.serializer().serialize(item, &mut payload).unwrap();
        codec.framing().accepts(&payload).unwrap();
        frame.push(&key, &payload, &Headers::new());
    }
    frame.finish()
}

fn read<T, S: Deserializer<T>>(codec: &Codec<S>, record: &'static [u8]) -> Vec<T> {
    let split = codec.framing().split(&Bytes::from_static(record));
    assert!(split.damaged.is_none());
    split.parts.iter().map(|part| codec.serializer().deserialize(&part.payload).unwrap()).collect()
}

#[test]
fn string_is_utf8_without_framing() {
    let record = b"\x68\xc3\xa9\x6c\x6c\x6f";
    assert_eq!(write(&string(), &["héllo"]), record[..]);
    assert_eq!(read(&string(), record), ["héllo"]);
}

#[test]
fn bytes_are_left_alone() {
    assert_eq!(write(&bytes(), &[b"\xff\x00"]), b"\xff\x00"[..]);
    assert_eq!(read(&bytes(), b"\xff\x00"), [Bytes::from_static(b"\xff\x00")]);
}

#[test]
fn json_is_written_compact_and_read_with_any_white_space() {
    assert_eq!(write(&json(), &[FIRST]), "{\"test\":123}");
    assert_eq!(read(&json::<Item>(), b"{\"test\":123}"), [FIRST]);
    assert_eq!(read(&json::<Item>(), b"{\"test\": 123}"), [FIRST]);
    assert_eq!(read(&json::<Item>(), b" {\"test\":\n123}\r\n"), [FIRST]);
}

#[test]
fn json_lines_end_every_line() {
    assert_eq!(write(&json_lines(), &[FIRST, SECOND]), "{\"test\":123}\n{\"test\":456}\n");
    for record in [
        &b"{\"test\":123}\n{\"test\":456}\n"[..],
        b"{\"test\": 123}\n{\"test\": 456}\n",
        b"{\"test\": 123}\r\n\r\n\n{\"test\": 456}",
    ] {
        assert_eq!(read(&json_lines::<Item>(), record), [FIRST, SECOND]);
    }
}

#[test]
fn json_list_is_one_array() {
    assert_eq!(write(&json_list(), &[FIRST, SECOND]), "[{\"test\":123},{\"test\":456}]");
    assert_eq!(write(&json_list(), &[FIRST]), "[{\"test\":123}]", "a single message is framed too");
    assert_eq!(write::<Item, _>(&json_list(), &[]), "[]");
    let spaced = b"[{\"test\": 123}, {\"test\": 456}]";
    assert_eq!(read(&json_list::<Item>(), spaced), [FIRST, SECOND]);
    assert_eq!(read(&json::<Vec<Item>>(), spaced), [[FIRST, SECOND]]);
    assert_eq!(read(&json_list::<Item>(), b" [ ] "), []);
}

#[test]
fn msgpack_is_a_map_per_netstring() {
    let record = b"7:\x81\xa4test{,9:\x81\xa4test\xcd\x01\xc8,";
    assert_eq!(write(&msgpack(), &[FIRST, SECOND]), record[..]);
    assert_eq!(read(&msgpack::<Item>(), record), [FIRST, SECOND]);
}

#[test]
fn netstrings_of_text_are_as_specified() {
    let codec = Codec::new(Netstrings, Raw);
    assert_eq!(write(&codec, &["123", "test"]), "3:123,4:test,");
    assert_eq!(write(&codec, &[""]), "0:,");
}

#[test]
fn msgpack_writes_byte_strings_as_the_bin_type_and_reads_either_form() {
    struct Blob(&'static [u8]);
    impl Serialize for Blob {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    let codec = Codec::new(Single, MessagePack::new());
    assert_eq!(write(&codec, &[Blob(b"\x01\x02")]), b"\xc4\x02\x01\x02"[..]);
    let codec = Codec::new(Single, MessagePack::<Vec<u8>>::new());
    assert_eq!(read(&codec, b"\xc4\x02\x01\x02"), [[1, 2]]);
    assert_eq!(read(&codec, b"\x92\x01\x02"), [[1, 2]]);
}

#[test]
fn what_follows_a_value_is_never_cut_off_in_silence() {
    fn refused<T: DeserializeOwned + 'static>(bytes: &'static [u8]) {
        let bytes = Bytes::from_static(bytes);
        assert!(Json::<T>::new().deserialize(&bytes).is_err());
        assert!(MessagePack::<T>::new().deserialize(&bytes).is_err());
    }
    refused::<u32>(b"1 2");
    refused::<u32>(b"\x01\x02");
    refused::<u32>(b"");
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for bytes in [vec![b'['; 1 << 20], vec![0x91; 1 << 20]] {
        let bytes = Bytes::from(bytes);
        assert!(Json::<serde_json::Value>::new().deserialize(&bytes).is_err());
        assert!(MessagePack::<serde_json::Value>::new().deserialize(&bytes).is_err());
    }
}
