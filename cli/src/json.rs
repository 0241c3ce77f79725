//! JSON as it was written: its digits and the order of its fields stay.

use std::collections::HashMap;

use headwater::BoxError;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How far a level is indented.
const INDENT: &str = "  ";

/// How deep arrays and objects may lie in each other for what walks through them, as JSON's parser has it. Whoever reads a
/// value by recursion runs out of stack a little further down, which no process survives.
pub(crate) const MAX_DEPTH: usize = 128;

/// Refuses what is no JSON value.
pub(crate) fn check(value: &[u8]) -> Result<(), BoxError> {
    // A string that is passed over is not looked into, and what is shown of it later must be UTF-8.
    std::str::from_utf8(value)?;
    serde_json::from_slice::<IgnoredAny>(value)?;
    Ok(())
}

/// Refuses JSON whose arrays and objects lie deeper in each other than [`MAX_DEPTH`].
pub(crate) fn check_depth(value: &[u8]) -> Result<(), String> {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            // A comment is no JSON, and jq reads it all the same.
            b'#' => drop(bytes.find(|byte| *byte == b'\n')),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_DEPTH {
        return Err(format!("it is {deepest} levels deep, and at most {MAX_DEPTH} are read"));
    }
    Ok(())
}

/// Passes over the rest of a string.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

/// Writes a JSON value without the line breaks between its tokens. Inside a string there are none.
pub(crate) fn one_line(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect()
}

/// Writes a JSON value over many lines, indented.
pub(crate) fn pretty(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    let mut depth = 0_usize;
    let break_line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend_from_slice(INDENT.repeat(depth).as_bytes());
    };
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => {
                out.push(byte);
                copy_string(&mut bytes, &mut out);
            }
            b'{' | b'[' => {
                out.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                break_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
    out
}

/// Copies the rest of a string, its closing quote too.
fn copy_string(bytes: &mut impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let mut escaped = false;
    for byte in bytes {
        out.push(byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return,
            _ => {}
        }
    }
}

/// Finds a field of a JSON object, by the names on the way to it.
pub(crate) fn field<'a>(value: &'a [u8], path: &[String]) -> Option<&'a str> {
    let mut found: &RawValue = serde_json::from_slice(value).ok()?;
    for name in path {
        let mut fields: HashMap<String, &RawValue> = serde_json::from_str(found.get()).ok()?;
        found = fields.remove(name)?;
    }
    Some(found.get())
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, check, check_depth, field, one_line, pretty};

    #[test]
    fn a_string_that_is_no_text_is_no_json() {
        check("\"\u{e9}\"".as_bytes()).unwrap();
        for wrong in [&b"\"\xff\""[..], b"{\"a\":\"\xc3\"}", b"{", b"1 2"] {
            check(wrong).unwrap_err();
        }
    }

    #[test]
    fn a_value_that_is_too_deep_is_told_however_its_brackets_are_hidden() {
        let (deep, deeper) = ("[".repeat(MAX_DEPTH), "[".repeat(MAX_DEPTH + 1));
        let text = format!(r#"["\"{deeper}"]"#);
        for right in [deep.as_str(), "[[]],[[]]", &text] {
            check_depth(right.as_bytes()).unwrap();
        }
        for wrong in
            [deeper.clone(), format!("\"\\\"\"{deeper}"), format!("# \"\n{deeper}"), "{\"\":".repeat(129)]
        {
            assert!(check_depth(wrong.as_bytes()).unwrap_err().contains("129 levels"), "{wrong}");
        }
    }

    #[test]
    fn digits_and_the_order_of_fields_stay() {
        let value = br#"{"z": 1.10, "a": [123456789012345678901234567890, {}, [ ]], "q\"{,": "x: [y]\\"}"#;
        let shown = String::from_utf8(pretty(value)).unwrap();
        let lines = [
            "{",
            r#"  "z": 1.10,"#,
            r#"  "a": ["#,
            "    123456789012345678901234567890,",
            "    {},",
            "    []",
            "  ],",
            r#"  "q\"{,": "x: [y]\\""#,
            "}",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_value_over_many_lines_becomes_one_line() {
        assert_eq!(one_line(b"{\r\n \"a\": \"b c\"\n}\n"), b"{ \"a\": \"b c\"}");
    }

    #[test]
    fn a_field_is_found_as_it_was_written() {
        let value = br#"{"a": {"b": 1.00, "c d": "e"}, "a.b": 2}"#;
        let find = |path: &[&str]| field(value, &path.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(find(&["a", "b"]), Some("1.00"));
        assert_eq!(find(&["a", "c d"]), Some("\"e\""));
        assert_eq!(find(&["a", "x"]), None);
        assert_eq!(find(&["a", "b", "c"]), None);
    }
}
