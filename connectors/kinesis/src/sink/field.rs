//! Reads one field of a JSON object, and skips the others.

use std::fmt;

use headwater::BoxError;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Returns a top-level field of a JSON object as text: a string without its quotes, a number or boolean as it is
/// written. Where the field occurs twice, the last one counts, as in most readers.
///
/// # Errors
///
/// The payload is not a JSON object, or the field is missing, null, an object or an array.
pub(super) fn field_text(json: &[u8], name: &str) -> Result<String, BoxError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found =
        Find(name).deserialize(&mut reader).map_err(|error| format!("read its JSON object: {error}"))?;
    let Some(value) = found else { return Err("the field is missing".into()) };
    match value.get().as_bytes().first() {
        Some(b'"') => Ok(serde_json::from_str(value.get())?),
        Some(b'-' | b'0'..=b'9' | b't' | b'f') => Ok(value.get().to_owned()),
        _ => Err(format!("the field is {}: a string, number or boolean is needed", name_of(value)).into()),
    }
}

fn name_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        _ => "null",
    }
}

/// Finds the value of a field, without building a tree of the others.
struct Find<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Tells whether a name is the one that is looked for, without keeping it.
struct Is<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_among_others_and_read_as_text() {
        for (json, text) in [
            (r#"{"id": "customer-7"}"#, "customer-7"),
            (r#"{"other": {"id": 1}, "list": [{"id": 2}], "id": 42}"#, "42"),
            (r#"{"id": 1.50}"#, "1.50"),
            (r#"{"id": -7}"#, "-7"),
            (r#"{"id": 123456789012345678901234567890}"#, "123456789012345678901234567890"),
            (r#"{"id": true}"#, "true"),
            (r#"{"id": "é \" \u00e9"}"#, "é \" é"),
            (r#"{"\u0069d": "escaped"}"#, "escaped"),
            (r#"{"id": 1, "id": 2}"#, "2"),
        ] {
            assert_eq!(field_text(json.as_bytes(), "id").unwrap(), text, "{json}");
        }
    }

    #[test]
    fn what_is_no_field_of_an_object_is_named() {
        for (json, why) in [
            (r#"{"other": 1}"#, "the field is missing"),
            (r#"{"id": null}"#, "the field is null: a string, number or boolean is needed"),
            (r#"{"id": {}}"#, "the field is an object: a string, number or boolean is needed"),
            (r#"{"id": [1]}"#, "the field is an array: a string, number or boolean is needed"),
        ] {
            assert_eq!(field_text(json.as_bytes(), "id").unwrap_err().to_string(), why);
        }
        for json in ["", "7", "[]", "{", r#"{"id" "#, "\u{0}"] {
            let error = field_text(json.as_bytes(), "id").unwrap_err().to_string();
            assert!(error.starts_with("read its JSON object: "), "{json}: {error}");
        }
    }
}
