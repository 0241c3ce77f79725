//! Bodies of requests, from the bytes of the entries straight to those of the wire.

use std::io::Write;

use base64_turbo::STANDARD;
use bytes::Bytes;
use headwater::batch::Entry;

use crate::StreamRef;
use crate::wire::{Bodies, Format};

/// What an entry takes besides its data and keys, in either format, and what an explicit hash key takes.
const ENTRY: usize = 32;
const EXPLICIT: usize = 60;
/// What a request takes besides its entries and the stream.
const REQUEST: usize = 48;

/// Writes the body of a request.
pub(crate) fn write(bodies: &Bodies, format: Format, stream: &StreamRef, entries: &[Entry]) -> Bytes {
    let most = entries.iter().map(|entry| longest(entry, format)).sum::<usize>();
    let most = most + REQUEST + stream.as_str().len();
    let write = match format {
        Format::Json => json,
        Format::Cbor => cbor,
    };
    let body = bodies.write(most, |body| write(stream, entries, body));
    debug_assert!(body.len() <= most, "{} of {most} bytes", body.len());
    body
}

/// Returns the most bytes that an entry takes.
fn longest(entry: &Entry, format: Format) -> usize {
    let key = entry.key.partition_key();
    let explicit = if entry.key.explicit_hash_key().is_some() { EXPLICIT } else { 0 };
    let (data, key) = match format {
        Format::Json => (STANDARD.encoded_len(entry.data.len()), escaped_len(key)),
        Format::Cbor => (entry.data.len(), key.len()),
    };
    data + key + explicit + ENTRY
}

/// Writes the fields in the order in which the SDK does.
fn json(stream: &StreamRef, entries: &[Entry], body: &mut Vec<u8>) {
    body.extend_from_slice(b"{\"Records\":[");
    for (nth, Entry { data, key }) in entries.iter().enumerate() {
        body.extend_from_slice(if nth == 0 { b"{\"Data\":\"" } else { b",{\"Data\":\"" });
        push_base64(data, body);
        if let Some(hash_key) = key.explicit_hash_key() {
            // Nothing fails that is written to memory.
            let _ = write!(body, "\",\"ExplicitHashKey\":\"{hash_key}");
        }
        body.extend_from_slice(b"\",\"PartitionKey\":\"");
        push_escaped(key.partition_key(), body);
        body.extend_from_slice(b"\"}");
    }
    let _ = write!(body, "],\"{}\":\"{}\"}}", field(stream), stream.as_str());
}

fn cbor(stream: &StreamRef, entries: &[Entry], body: &mut Vec<u8>) {
    body.push(MAP | 2);
    push_text("Records", body);
    push_head(LIST, entries.len(), body);
    for Entry { data, key } in entries {
        let hash_key = key.explicit_hash_key();
        body.push(MAP | if hash_key.is_some() { 3 } else { 2 });
        push_text("Data", body);
        push_head(BYTES, data.len(), body);
        body.extend_from_slice(data);
        if let Some(hash_key) = hash_key {
            push_text("ExplicitHashKey", body);
            push_text(&hash_key.to_string(), body);
        }
        push_text("PartitionKey", body);
        push_text(key.partition_key(), body);
    }
    push_text(field(stream), body);
    push_text(stream.as_str(), body);
}

fn push_base64(data: &[u8], body: &mut Vec<u8>) {
    let (start, len) = (body.len(), STANDARD.encoded_len(data.len()));
    body.resize(start + len, 0);
    let written = STANDARD.encode_slice(data, &mut body[start..]);
    debug_assert_eq!(written, Ok(len), "there is room for all of it");
}

fn field(stream: &StreamRef) -> &'static str {
    if stream.arn().is_some() { "StreamARN" } else { "StreamName" }
}

/// Tells whether a byte cannot stand in a string of JSON as it is.
fn wants_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn escaped_len(text: &str) -> usize {
    text.len() + text.bytes().filter(|&byte| wants_escape(byte)).count() * (r"\u0000".len() - 1)
}

fn push_escaped(text: &str, body: &mut Vec<u8>) {
    if escaped_len(text) == text.len() {
        return body.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => body.extend_from_slice(&[b'\\', byte]),
            byte if byte < b' ' => {
                let _ = write!(body, "\\u{byte:04x}");
            }
            byte => body.push(byte),
        }
    }
}

/// The first bits of bytes, texts, lists and maps.
const BYTES: u8 = 2 << 5;
const TEXT: u8 = 3 << 5;
const LIST: u8 = 4 << 5;
const MAP: u8 = 5 << 5;

/// Writes what a value is and how long.
///
/// Source: [RFC 8949, section 3](https://www.rfc-editor.org/rfc/rfc8949#section-3).
fn push_head(kind: u8, len: usize, body: &mut Vec<u8>) {
    let digits = (len as u64).to_be_bytes();
    let (mark, width) = match len {
        0..24 => return body.push(kind | len as u8),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    body.push(kind | mark);
    body.extend_from_slice(&digits[8 - width..]);
}

fn push_text(text: &str, body: &mut Vec<u8>) {
    push_head(TEXT, text.len(), body);
    body.extend_from_slice(text.as_bytes());
}
