//! A message as a line of NDJSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater::{HashKey, Key, Message};
use serde::Deserialize;

use crate::line::Line;

/// A message on its way out of a file. Where it was does not matter where it goes.
#[derive(Deserialize)]
struct Read {
    key: Option<String>,
    hash_key: Option<String>,
    payload: Option<String>,
    base64: Option<String>,
}

/// Writes a message, its line ended.
pub(super) fn write(message: &Message<Bytes>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *out, &Line::from(message))?;
    out.push(b'\n');
    Ok(())
}

/// Reads a message, or says what is wrong with its line.
pub(super) fn read(line: &[u8]) -> Result<(Bytes, Option<Key>), String> {
    let Read { key, hash_key, payload, base64 } =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let payload = match (payload, base64) {
        (Some(text), None) => text.into(),
        (None, Some(written)) => STANDARD.decode(written).map_err(|error| format!("base64: {error}"))?.into(),
        _ => return Err("one of \"payload\" and \"base64\", both strings, is needed".to_owned()),
    };
    let key = match (key, hash_key) {
        (None, Some(_)) => return Err("\"hash_key\" is of no use without \"key\"".to_owned()),
        (Some(key), Some(hash)) => {
            let hash: HashKey = hash.parse().map_err(|error: headwater::Error| error.to_string())?;
            Some(Key::from(key).hashed(hash))
        }
        (key, None) => key.map(Key::from),
    };
    Ok((payload, key))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::{HashKey, Key, Message};

    use super::{read, write};

    #[test]
    fn every_payload_and_key_comes_back() {
        let long = "é".repeat(256);
        for payload in [&b""[..], b"text", b"{\"a\":\n1}", b"\xff\x00\x80", "\u{0}\u{2028}é".as_bytes()] {
            for key in [None, Some(Key::from("k")), Some(Key::from(&*long).hashed(HashKey::MAX))] {
                let message = Message::new(Bytes::from_static(payload));
                let message = match &key {
                    Some(key) => message.rekey(key.clone()),
                    None => message,
                };
                let mut line = Vec::new();
                write(&message, &mut line).unwrap();
                assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
                assert_eq!(read(&line).unwrap(), (Bytes::from_static(payload), key));
            }
        }
    }

    #[test]
    fn a_wrong_line_is_told_what_is_right() {
        for (line, told) in [
            ("{", "EOF"),
            (r#"{"key":"k"}"#, "\"base64\""),
            (r#"{"payload":"a","base64":""}"#, "one of"),
            (r#"{"payload":{"a":1}}"#, "expected a string"),
            (r#"{"base64":"*"}"#, "base64: "),
            (r#"{"payload":"a","hash_key":"1"}"#, "without \"key\""),
            (r#"{"payload":"a","key":"k","hash_key":"x"}"#, "2^128"),
        ] {
            let error = read(line.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
