//! Trees in CBOR, in all the ways in which it may be written.

use fastrand::Rng;

use super::tree::Tree;

const BYTES: u8 = 2 << 5;
const TEXT: u8 = 3 << 5;
const LIST: u8 = 4 << 5;
const MAP: u8 = 5 << 5;
/// Begins what has no length, after the kind; and ends it.
const OPEN: u8 = 31;
const BREAK: u8 = 0xff;

pub(super) fn write(tree: &Tree, rng: &mut Rng) -> Vec<u8> {
    let mut cbor = Vec::new();
    value(tree, rng, &mut cbor);
    cbor
}

fn value(tree: &Tree, rng: &mut Rng, cbor: &mut Vec<u8>) {
    match tree {
        Tree::Null => cbor.push(if rng.bool() { 0xf6 } else { 0xf7 }),
        Tree::Bool(is) => cbor.push(0xf4 + u8::from(*is)),
        Tree::Number(number) => number_of(number, rng, cbor),
        Tree::Time(millis) => time(*millis, rng, cbor),
        Tree::Text(said) => text(said, rng, cbor),
        // Servers that write what they would in JSON write base64.
        Tree::Bytes(bytes) if rng.u8(..8) == 0 => {
            text(&base64_turbo::STANDARD.encode(bytes), rng, cbor);
        }
        Tree::Bytes(bytes) => parts(BYTES, bytes, rng, cbor),
        Tree::List(items) => {
            let open = begin(LIST, items.len(), rng, cbor);
            for item in items {
                value(item, rng, cbor);
            }
            end(open, cbor);
        }
        Tree::Map(fields) => {
            let open = begin(MAP, fields.len(), rng, cbor);
            for (name, field) in fields {
                text(name, rng, cbor);
                value(field, rng, cbor);
            }
            end(open, cbor);
        }
    }
}

fn number_of(number: &str, rng: &mut Rng, cbor: &mut Vec<u8>) {
    match number.parse::<i64>() {
        Ok(number) if number < 0 => head(1 << 5, !number.cast_unsigned(), rng, cbor),
        Ok(number) => head(0, number.cast_unsigned(), rng, cbor),
        Err(_) => float(number.parse().unwrap_or(f64::NAN), cbor),
    }
}

fn time(millis: u64, rng: &mut Rng, cbor: &mut Vec<u8>) {
    if rng.bool() {
        cbor.push(0xc1);
    }
    match rng.u8(..4) {
        0 => float(millis as f64 / 1000.0, cbor),
        1 => {
            cbor.push(0xfa);
            cbor.extend_from_slice(&(millis as f32).to_be_bytes());
        }
        _ => head(0, millis, rng, cbor),
    }
}

fn float(number: f64, cbor: &mut Vec<u8>) {
    cbor.push(0xfb);
    cbor.extend_from_slice(&number.to_be_bytes());
}

fn text(said: &str, rng: &mut Rng, cbor: &mut Vec<u8>) {
    // Each part is UTF-8 by itself.
    if said.is_ascii() {
        parts(TEXT, said.as_bytes(), rng, cbor);
    } else {
        head(TEXT, said.len() as u64, rng, cbor);
        cbor.extend_from_slice(said.as_bytes());
    }
}

fn parts(kind: u8, bytes: &[u8], rng: &mut Rng, cbor: &mut Vec<u8>) {
    if rng.u8(..16) > 0 {
        head(kind, bytes.len() as u64, rng, cbor);
        return cbor.extend_from_slice(bytes);
    }
    cbor.push(kind | OPEN);
    for part in bytes.chunks(rng.usize(1..9)) {
        head(kind, part.len() as u64, rng, cbor);
        cbor.extend_from_slice(part);
    }
    cbor.push(BREAK);
}

fn begin(kind: u8, length: usize, rng: &mut Rng, cbor: &mut Vec<u8>) -> bool {
    let open = rng.u8(..3) == 0;
    if open {
        cbor.push(kind | OPEN);
    } else {
        head(kind, length as u64, rng, cbor);
    }
    open
}

fn end(open: bool, cbor: &mut Vec<u8>) {
    if open {
        cbor.push(BREAK);
    }
}

/// Writes a head, now and then in more bytes than it needs.
fn head(kind: u8, number: u64, rng: &mut Rng, cbor: &mut Vec<u8>) {
    let least = match number {
        0..24 => return cbor.push(kind | number as u8),
        24..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    };
    let width = if rng.u8(..8) == 0 { rng.u32(least..4) } else { least };
    cbor.push(kind | (24 + width as u8));
    cbor.extend_from_slice(&number.to_be_bytes()[8 - (1 << width)..]);
}
