//! A line of the user's own making.

use std::str::FromStr;

use headwater::Message;

use crate::codec::Payload;
use crate::json;
use crate::rfc3339::rfc3339;

/// What a template may name.
const NAMES: &str = "{payload}, {payload.FIELD}, {key}, {shard}, {sequence}, {sub_sequence} or {arrival}";

/// A line with names of a message in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The payload, or a field of one that is JSON
    Payload(Vec<String>),
    Key,
    Shard,
    Sequence,
    SubSequence,
    Arrival,
}

impl Template {
    /// Writes a message, and ends the line if the template does not.
    pub(crate) fn write(&self, message: &Message<Payload>, out: &mut Vec<u8>) {
        for part in &self.parts {
            part.write(message, out);
        }
        let ends_line = matches!(self.parts.last(), Some(Part::Text(text)) if text.ends_with('\n'));
        if !ends_line {
            out.push(b'\n');
        }
    }
}

impl Part {
    fn write(&self, message: &Message<Payload>, out: &mut Vec<u8>) {
        let origin = message.origin();
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Payload(path) if path.is_empty() => out.extend_from_slice(message.payload().bytes()),
            Self::Payload(path) => {
                if let Some(found) = json::field(message.payload().bytes(), path) {
                    write_field(found, out);
                }
            }
            Self::Key => {
                out.extend_from_slice(message.key().map_or("", |key| key.partition_key()).as_bytes());
            }
            Self::Shard => {
                out.extend_from_slice(origin.map_or("", |origin| origin.shard().as_str()).as_bytes());
            }
            Self::Sequence => {
                out.extend_from_slice(origin.map_or("", |origin| origin.sequence().as_str()).as_bytes());
            }
            Self::SubSequence => {
                let number = origin.and_then(headwater::Origin::sub_sequence);
                out.extend_from_slice(number.map(|number| number.to_string()).unwrap_or_default().as_bytes());
            }
            Self::Arrival => {
                let arrival = origin.and_then(headwater::Origin::arrival);
                out.extend_from_slice(arrival.map(rfc3339).unwrap_or_default().as_bytes());
            }
        }
    }
}

/// Writes a string without its quotes, and any other value as it was written.
fn write_field(value: &str, out: &mut Vec<u8>) {
    match serde_json::from_str::<String>(value) {
        Ok(text) => out.extend_from_slice(text.as_bytes()),
        Err(_) => out.extend(json::one_line(value.as_bytes())),
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template.chars();
        while let Some(next) = rest.next() {
            match next {
                '\\' => text.push(escaped(rest.next())?),
                '{' | '}' if rest.as_str().starts_with(next) => {
                    rest.next();
                    text.push(next);
                }
                '}' => return Err("a } that closes nothing is written }}".to_owned()),
                '{' => {
                    let (name, after) =
                        rest.as_str().split_once('}').ok_or("a { that is not closed is written {{")?;
                    rest = after.chars();
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(name.parse()?);
                }
                _ => text.push(next),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { parts })
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "payload" => Self::Payload(Vec::new()),
            "key" => Self::Key,
            "shard" => Self::Shard,
            "sequence" => Self::Sequence,
            "sub_sequence" => Self::SubSequence,
            "arrival" => Self::Arrival,
            _ => match name.strip_prefix("payload.") {
                Some(path) if path.split('.').all(|name| !name.is_empty()) => {
                    Self::Payload(path.split('.').map(str::to_owned).collect())
                }
                _ => return Err(format!("{{{name}}} names nothing: {NAMES} is right")),
            },
        })
    }
}

/// What stands for a character behind a backslash.
fn escaped(character: Option<char>) -> Result<char, String> {
    match character {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('\\') => Ok('\\'),
        _ => Err("a backslash is followed by n, t or a second one".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use headwater::Message;

    use super::Template;
    use crate::codec::Payload;

    fn shown(template: &str, payload: &'static str) -> String {
        let message = Message::keyed(Payload::guess(payload.into()), "k");
        let mut out = Vec::new();
        template.parse::<Template>().unwrap().write(&message, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_of_a_payload_are_shown_as_they_were_written() {
        let payload = r#"{"a":{"b":1.10},"s":"x\ny"}"#;
        assert_eq!(
            shown("{key}: {payload.a.b} {payload.a} {payload.s}", payload),
            "k: 1.10 {\"b\":1.10} x\ny\n"
        );
        assert_eq!(shown("[{payload.a.c}]", payload), "[]\n");
        assert_eq!(shown("[{payload.a}]", "text"), "[]\n");
    }

    #[test]
    fn braces_and_backslashes_are_written_twice() {
        assert_eq!(shown(r"{{{key}}}\t\\{payload}\n", "p"), "{k}\t\\p\n");
    }

    #[test]
    fn a_wrong_template_is_told_what_is_right() {
        for wrong in ["{keys}", "{}", "{payload.}", "{payload.a..b}", "{key", "key}", r"{key}\x", "{key}\\"] {
            let told = wrong.parse::<Template>().unwrap_err();
            assert!(
                ["{arrival}", "{{", "}}", "backslash"].iter().any(|right| told.contains(right)),
                "{told}"
            );
        }
    }
}
