//! What Kinesis takes, and under which partition key.

use bytes::Bytes;
use headwater::batch::Admission;
use headwater::{Error, ErrorKind, Key, Message, Result};

use crate::limits::PARTITION_KEY_CHARS;
use crate::sink::field::field_text;

/// Finds the partition key of a message and checks it.
#[derive(Debug)]
pub(super) struct KinesisAdmission {
    /// The field of the payload that is the partition key; `None` for the message's own.
    pub(super) partition_key_identifier: Option<String>,
}

impl Admission for KinesisAdmission {
    fn admit(&self, message: &Message<Bytes>) -> Result<Option<Key>> {
        let rekeyed = match &self.partition_key_identifier {
            Some(field) => Some(Key::from(field_text(message.payload(), field).map_err(|cause| {
                let context = format!("take the partition key from field \"{field}\"");
                Error::new(ErrorKind::Invalid, context).caused_by(cause)
            })?)),
            None => None,
        };
        match rekeyed.as_ref().or(message.key()) {
            Some(key) if !is_allowed(key.partition_key()) => Err(refuse(key)),
            _ => Ok(rekeyed),
        }
    }
}

fn is_allowed(partition_key: &str) -> bool {
    // A character has one byte at least, so that most keys need no counting.
    let (least, most) = (*PARTITION_KEY_CHARS.start(), *PARTITION_KEY_CHARS.end());
    (least..=most).contains(&partition_key.len())
        || PARTITION_KEY_CHARS.contains(&partition_key.chars().count())
}

fn refuse(key: &Key) -> Error {
    let (least, most) = (PARTITION_KEY_CHARS.start(), PARTITION_KEY_CHARS.end());
    let chars = key.partition_key().chars().count();
    let context = format!("a partition key of {chars} characters: {least} to {most} are allowed");
    Error::new(ErrorKind::Invalid, context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(field: Option<&str>, message: &Message<Bytes>) -> Result<Option<Key>> {
        KinesisAdmission { partition_key_identifier: field.map(str::to_owned) }.admit(message)
    }

    #[test]
    fn a_partition_key_has_1_to_256_characters_of_any_width() {
        let keyed = |key: String| Message::keyed(Bytes::new(), key);
        for allowed in ["a".repeat(256), "é".repeat(256), "a".to_owned()] {
            assert_eq!(admit(None, &keyed(allowed)).unwrap(), None, "it keeps its own");
        }
        for (refused, chars) in [("a".repeat(257), 257), ("é".repeat(257), 257), (String::new(), 0)] {
            let error = admit(None, &keyed(refused)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let text = format!("a partition key of {chars} characters: 1 to 256 are allowed");
            assert_eq!(error.to_string(), text);
        }
        assert!(admit(None, &Message::new(Bytes::new())).is_ok());
    }

    #[test]
    fn a_field_of_the_payload_replaces_the_key_of_the_message() {
        let message = Message::keyed(Bytes::from_static(br#"{"customer": 7}"#), "own");
        assert_eq!(admit(Some("customer"), &message).unwrap(), Some(Key::from("7")));
        let error = admit(Some("order"), &message).unwrap_err();
        assert_eq!(error.to_string(), "take the partition key from field \"order\": the field is missing");
    }
}
