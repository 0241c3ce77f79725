//! Trees in JSON, in all the ways in which it may be written.

use std::fmt::Write;

use fastrand::Rng;

use super::tree::Tree;

pub(super) fn write(tree: &Tree, rng: &mut Rng) -> Vec<u8> {
    let mut json = String::new();
    // Most services write without spaces, and one that is cut differs by where that happens.
    let spaces = rng.u8(..4) == 0;
    value(tree, spaces, rng, &mut json);
    json.into_bytes()
}

fn value(tree: &Tree, spaces: bool, rng: &mut Rng, json: &mut String) {
    space(spaces, rng, json);
    match tree {
        Tree::Null => json.push_str("null"),
        Tree::Bool(is) => json.push_str(if *is { "true" } else { "false" }),
        Tree::Number(number) => json.push_str(number),
        Tree::Time(millis) => json.push_str(&time(*millis, rng)),
        Tree::Text(said) => text(said, rng, json),
        Tree::Bytes(bytes) => {
            text(&base64_turbo::STANDARD.encode(bytes), rng, json);
        }
        Tree::List(items) => {
            json.push('[');
            for (nth, item) in items.iter().enumerate() {
                json.push_str(if nth == 0 { "" } else { "," });
                value(item, spaces, rng, json);
            }
            space(spaces, rng, json);
            json.push(']');
        }
        Tree::Map(fields) => {
            json.push('{');
            for (nth, (name, field)) in fields.iter().enumerate() {
                json.push_str(if nth == 0 { "" } else { "," });
                space(spaces, rng, json);
                text(name, rng, json);
                space(spaces, rng, json);
                json.push(':');
                value(field, spaces, rng, json);
            }
            space(spaces, rng, json);
            json.push('}');
        }
    }
    space(spaces, rng, json);
}

fn time(millis: u64, rng: &mut Rng) -> String {
    let seconds = millis as f64 / 1000.0;
    match rng.u8(..4) {
        0 => format!("{seconds:e}").replace('e', "E"),
        1 => format!("{}.{:03}", millis / 1000, millis % 1000),
        2 => format!("{millis}e-3"),
        _ => seconds.to_string(),
    }
}

fn text(said: &str, rng: &mut Rng, json: &mut String) {
    let often = if rng.u8(..8) == 0 { 64 } else { 0 };
    json.push('"');
    for letter in said.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            '\n' if rng.bool() => json.push_str("\\n"),
            '/' if rng.u8(..) < often => json.push_str("\\/"),
            letter if letter < ' ' || rng.u8(..) < often => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
}

fn space(spaces: bool, rng: &mut Rng, json: &mut String) {
    if spaces && rng.u8(..4) == 0 {
        json.push([' ', '\n', '\t', '\r'][rng.usize(..4)]);
    }
}
