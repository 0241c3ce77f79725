//! A framing that carries keys: each message is a line of its key and its payload.

use bytes::Bytes;

use crate::codec::{Frame, Framing, Split};
use crate::{HashKey, Headers, Key};

/// A framing that carries keys: each message is a line of its key and its payload.
#[derive(Debug)]
pub(super) struct Pairs {
    /// Routes a record by the hash key of its first message, under a partition key that says nothing.
    pub(super) by_hash: bool,
}

#[derive(Default)]
struct PairsFrame {
    bytes: Vec<u8>,
    count: usize,
}

/// Reads the lines of a record: a key and a payload each.
pub(super) fn read(record: &Bytes) -> Vec<(Key, String)> {
    let text = std::str::from_utf8(record).expect("pairs are text");
    let pair = |line: &str| {
        let parts: Vec<_> = line.split('|').collect();
        let key = Key::from(parts[0]);
        let key = match parts[1] {
            "" => key,
            hash_key => key.hashed(HashKey::new(hash_key.parse().expect("a hash key"))),
        };
        (key, parts[2].to_owned())
    };
    text.lines().map(pair).collect()
}

fn line(key: &Key, payload: &[u8]) -> String {
    let hash_key = key.explicit_hash_key().map(|hash_key| hash_key.get().to_string()).unwrap_or_default();
    let payload = std::str::from_utf8(payload).expect("payloads are text");
    format!("{}|{hash_key}|{payload}\n", key.partition_key())
}

impl Framing for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        true
    }

    fn shared_key(&self, first: &Key, hash_key: HashKey) -> Key {
        if self.by_hash { Key::from("a").hashed(hash_key) } else { first.clone() }
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(PairsFrame::default())
    }

    fn split(&self, _: &Bytes) -> Split {
        unreachable!("the tests read records themselves")
    }
}

impl Frame for PairsFrame {
    fn len_with(&self, key: &Key, payload: &[u8], _: &Headers) -> usize {
        self.bytes.len() + line(key, payload).len()
    }

    fn push(&mut self, key: &Key, payload: &[u8], _: &Headers) {
        self.bytes.extend_from_slice(line(key, payload).as_bytes());
        self.count += 1;
    }

    fn count(&self) -> usize {
        self.count
    }

    fn finish(&mut self) -> Bytes {
        self.count = 0;
        std::mem::take(&mut self.bytes).into()
    }
}
