//! Under which key a message is put.

use std::collections::HashMap;

use headwater::{HashKey, Key};
use serde_json::value::RawValue;

use super::args::PutArgs;

/// Under which key a message is put.
pub(super) struct Keys {
    from: From,
    hash_key: Option<HashKey>,
}

enum From {
    /// One for all
    Given(Key),
    /// From a top-level field of the JSON
    Field(String),
    /// The sink's own, where there is room
    Nowhere,
}

impl Keys {
    /// Finds what the flags say.
    pub(super) fn of(args: &PutArgs) -> Self {
        let from = match (&args.key, &args.key_field) {
            (Some(key), _) => From::Given(Key::from(key.as_str())),
            (None, Some(field)) => From::Field(field.clone()),
            (None, None) => From::Nowhere,
        };
        Self { from, hash_key: args.hash_key }
    }

    /// The key of a message; none where the sink may choose.
    pub(super) fn of_message(&self, payload: &[u8]) -> Result<Option<Key>, String> {
        let key = match &self.from {
            From::Given(key) => key.clone(),
            From::Field(field) => {
                let key = field_text(payload, field);
                Key::from(key.map_err(|why| format!("take the key from field \"{field}\": {why}"))?)
            }
            // Kinesis wants a key beside the hash key. One for all would be one order for all, which nobody asked for.
            From::Nowhere if self.hash_key.is_some() => Key::from(format!("{:032x}", fastrand::u128(..))),
            From::Nowhere => return Ok(None),
        };
        Ok(Some(match self.hash_key {
            Some(hash_key) => key.hashed(hash_key),
            None => key,
        }))
    }
}

/// A top-level field of a JSON object as text: a string without its quotes, a number or boolean as it is written.
fn field_text(json: &[u8], field: &str) -> Result<String, String> {
    let fields: HashMap<String, &RawValue> =
        serde_json::from_slice(json).map_err(|error| format!("it is no JSON object: {error}"))?;
    let value = fields.get(field).ok_or("there is none")?.get();
    match value.as_bytes().first() {
        Some(b'"') => serde_json::from_str(value).map_err(|error| error.to_string()),
        Some(b'-' | b'0'..=b'9' | b't' | b'f') => Ok(value.to_owned()),
        _ => Err(format!("a string, number or boolean is needed, and it is {value:.40}")),
    }
}

#[cfg(test)]
mod tests {
    use super::field_text;

    #[test]
    fn a_field_is_read_as_it_is_written() {
        for (json, text) in [
            (r#"{"id":"a \u00e9"}"#, "a é"),
            (r#"{"other":{"id":1},"id":1.50}"#, "1.50"),
            (r#"{"id":123456789012345678901234567890}"#, "123456789012345678901234567890"),
            (r#"{"id":true}"#, "true"),
        ] {
            assert_eq!(field_text(json.as_bytes(), "id").as_deref(), Ok(text), "{json}");
        }
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (json, why) in [
            (r#"{"other":1}"#, "there is none"),
            (r#"{"id":null}"#, "a string, number or boolean is needed, and it is null"),
            (r#"{"id":[1]}"#, "a string, number or boolean is needed, and it is [1]"),
        ] {
            assert_eq!(field_text(json.as_bytes(), "id").unwrap_err(), why);
        }
        assert!(field_text(b"7", "id").unwrap_err().starts_with("it is no JSON object: "));
    }
}
