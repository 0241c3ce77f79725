//! JSON as it was written: its digits and the order of its fields stay.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// How far a level is indented.
const INDENT: &str = "  ";

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
    use super::{field, one_line, pretty};

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
