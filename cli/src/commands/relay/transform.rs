//! What is made of a message.

use std::sync::Arc;

use bytes::Bytes;
use headwater::{Key, Message};
use headwater_kinesis::codec::{Framing, Serializer as _};
use jaq_json::write::{Pp, write};
use jaq_json::{Val, read};

use crate::codec::Format;
use crate::commands::relay::jq::Jq;
use crate::json;
use crate::keys::partition_key;

/// What is made of a message: payloads for the codec out, and their keys.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    pub(super) jq: Option<Jq>,
    pub(super) key: Option<Jq>,
    pub(super) from: Format,
    pub(super) to: Format,
    /// What records of TO may hold
    pub(super) framing: Arc<dyn Framing>,
}

/// One of the messages that another becomes.
#[derive(Debug)]
pub(super) struct Made {
    payload: Bytes,
    /// Its own key, where it does not keep that of the other.
    key: Option<String>,
}

/// Makes messages of one, each with a share of its debt.
pub(super) fn spread(message: Message<Bytes>, made: Vec<Made>) -> Vec<Message<Bytes>> {
    let keyed = |message: Message<Made>| {
        let (Made { payload, key }, old, headers, origin, ack) = message.into_parts();
        Message::from_parts(payload, key.map(Key::from).or(old), headers, origin, ack)
    };
    message.explode(|_| made).into_iter().map(keyed).collect()
}

impl Transform {
    /// Says what becomes of a payload, or why nothing can.
    pub(super) fn make(&self, payload: &Bytes) -> Result<Vec<Made>, String> {
        if self.jq.is_none() && self.key.is_none() {
            self.check(payload)?;
            return Ok(vec![Made { payload: payload.clone(), key: None }]);
        }
        let input = self.value(payload)?;
        let Some(jq) = &self.jq else {
            self.check(payload)?;
            return Ok(vec![Made { payload: payload.clone(), key: self.key_of(&input)? }]);
        };
        let made = jq.run(input)?.into_iter().map(|output| {
            let key = self.key_of(&output)?;
            let payload = self.payload(output)?;
            self.check(&payload)?;
            Ok(Made { payload, key })
        });
        made.collect()
    }

    /// What jq sees of a payload.
    fn value(&self, payload: &Bytes) -> Result<Val, String> {
        match self.from {
            Format::Raw | Format::Text => Ok(Val::utf8_str(payload.clone())),
            Format::Json | Format::MessagePack => {
                json::check_depth(payload)?;
                read::parse_single(payload).map_err(|error| format!("jq reads no JSON: {error}"))
            }
        }
    }

    /// What becomes of an output of jq.
    fn payload(&self, output: Val) -> Result<Bytes, String> {
        match (self.to, output) {
            (Format::Raw | Format::Text, Val::TStr(text)) => Ok(*text),
            (_, output) => written(&output).map(Bytes::from),
        }
    }

    fn key_of(&self, value: &Val) -> Result<Option<String>, String> {
        let Some(jq) = &self.key else { return Ok(None) };
        let outputs = jq.run(value.clone())?;
        let [output] = outputs.as_slice() else {
            return Err(format!("--key-jq gives {} outputs; one key is needed", outputs.len()));
        };
        let key = match output {
            Val::TStr(text) => {
                String::from_utf8(text.to_vec()).map_err(|_| "--key-jq: the key is not UTF-8")?
            }
            Val::Num(_) | Val::Bool(_) => output.to_string(),
            _ => return Err("--key-jq gives neither a string nor a number nor a boolean".to_owned()),
        };
        partition_key(&key).map(Some).map_err(|why| format!("--key-jq gives a key, and {why}"))
    }

    /// Refuses what the codec out would refuse: there, nobody could be told of the message any more.
    fn check(&self, payload: &Bytes) -> Result<(), String> {
        let mut written = Vec::new();
        let accepted = self.to.serialize(payload, &mut written).and_then(|()| self.framing.accepts(&written));
        accepted.map_err(|cause| {
            format!(
                "it cannot be written as {}: {cause}",
                headwater_kinesis::codec::Serializer::name(&self.to)
            )
        })
    }
}

fn written(value: &Val) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    write(&mut text, &Pp::default(), 0, value).map_err(|error| error.to_string())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::Message;

    use std::sync::Arc;

    use headwater_kinesis::codec::{Lines, Single};

    use super::{Transform, spread};
    use crate::codec::Format;

    fn transform(jq: Option<&str>, key: Option<&str>, from: Format, to: Format) -> Transform {
        let read = |code: &str| code.parse().unwrap();
        Transform { jq: jq.map(read), key: key.map(read), from, to, framing: Arc::new(Single) }
    }

    /// The key and the payload of each message.
    fn made(transform: &Transform, payload: &'static str) -> Result<Vec<(String, Bytes)>, String> {
        let message = Message::keyed(Bytes::from_static(payload.as_bytes()), "old");
        let made = transform.make(message.payload())?;
        let parts = spread(message, made).into_iter().map(|message| {
            let (payload, key, ..) = message.into_parts();
            (key.unwrap().partition_key().to_owned(), payload)
        });
        Ok(parts.collect())
    }

    #[test]
    fn a_key_is_kept_unless_it_is_made_anew() {
        let same = transform(Some(".[]"), None, Format::Json, Format::Json);
        assert_eq!(made(&same, "[1,2]").unwrap(), [("old".into(), "1".into()), ("old".into(), "2".into())]);
        let anew = transform(Some(".[]"), Some(".id"), Format::Json, Format::Json);
        assert_eq!(made(&anew, r#"[{"id":7}]"#).unwrap(), [("7".into(), r#"{"id":7}"#.into())]);
        let as_written = transform(None, Some(".id"), Format::Json, Format::Json);
        assert_eq!(made(&as_written, r#"{ "id": "x" }"#).unwrap(), [("x".into(), r#"{ "id": "x" }"#.into())]);
    }

    #[test]
    fn text_is_a_json_string_to_jq_and_a_string_is_text_again() {
        let text = transform(Some(".,length"), None, Format::Text, Format::Text);
        let payloads: Vec<_> = made(&text, "a b").unwrap().into_iter().map(|(_, payload)| payload).collect();
        assert_eq!(payloads, ["a b", "3"]);
        let json = transform(Some("."), None, Format::Text, Format::Json);
        assert_eq!(made(&json, "a\"b").unwrap()[0].1, r#""a\"b""#);
    }

    #[test]
    fn what_the_codec_out_cannot_write_is_told() {
        let json = transform(None, None, Format::Text, Format::Json);
        assert!(made(&json, "plain").unwrap_err().contains("cannot be written as JSON"));
        let lines =
            Transform { framing: Arc::new(Lines), ..transform(None, None, Format::Json, Format::Json) };
        assert!(made(&lines, "{\n}").unwrap_err().contains("a line cannot hold a newline"));
        let nan = transform(Some("nan"), None, Format::Json, Format::Json);
        assert!(made(&nan, "1").unwrap_err().contains("cannot be written as JSON"));
    }

    #[test]
    fn a_payload_that_is_too_deep_for_jq_is_told_and_one_that_is_not_is_walked_through() {
        let nested = |levels: usize| -> &'static str {
            String::leak(format!("{}{}", "[".repeat(levels), "]".repeat(levels)))
        };
        for (jq, key, from) in [
            (Some("."), None, Format::Json),
            (None, Some("length"), Format::Json),
            (Some("fromjson"), None, Format::Text),
        ] {
            let told = made(&transform(jq, key, from, from), nested(400_000)).unwrap_err();
            assert!(told.contains("400000 levels deep"), "{told}");
        }
        let walk = "walk(.) | [paths] | tojson | fromjson | length";
        let deepest = transform(Some(walk), None, Format::Json, Format::Json);
        assert_eq!(made(&deepest, nested(128)).unwrap()[0].1, "127");
    }

    #[test]
    fn a_key_that_is_none_is_told() {
        for (key, why) in [
            (".[]", "2 outputs"),
            ("null", "neither a string"),
            ("\"\"", "0 characters"),
            ("\"x\" * 257", "257 characters"),
        ] {
            let told = made(&transform(None, Some(key), Format::Json, Format::Json), "[1,2]").unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
