//! Why a service refuses something, in its own words.

use std::borrow::Cow;

use crate::wire::Format;
use crate::wire::read::{Cbor, DEPTH, Json, Read, Reader};

/// Returns the message of an exception, or that there is none.
pub(super) fn message(format: Format, exception: &[u8]) -> String {
    let message = match format {
        Format::Json => read(&mut Json::new(exception, 0)),
        Format::Cbor => read(&mut Cbor::new(exception, 0)),
    };
    message.ok().flatten().unwrap_or_else(|| "no message".to_owned())
}

fn read<'a, R: Reader<'a>>(reader: &mut R) -> Read<Option<String>> {
    let mut members = reader.map()?;
    while let Some(key) = reader.key(&mut members)? {
        if matches!(&*key, "message" | "Message") {
            return Ok(reader.nullable(R::text)?.map(Cow::into_owned));
        }
        reader.skip(DEPTH)?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_service_are_found_in_any_spelling_and_format() {
        let json = br#"{"__type":"x","extra":[{}],"Message":"no such \"consumer\""}"#;
        assert_eq!(message(Format::Json, json), "no such \"consumer\"");
        assert_eq!(message(Format::Cbor, b"\xa1\x67message\x62no"), "no");
        for nothing in ["", "{}", "{\"message\":null}", "{\"message\":7}", "[]", "{\"mess"] {
            assert_eq!(message(Format::Json, nothing.as_bytes()), "no message", "{nothing}");
        }
    }
}
