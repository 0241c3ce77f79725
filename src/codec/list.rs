//! One JSON array of messages.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::codec::buffer::Buffer;
use crate::codec::{Frame, Framing, Part, Split};
use crate::{BoxError, Headers, Key};

/// One JSON array, whose elements are the messages.
///
/// Reading hands out each element's own bytes, as slices of the record. Elements are checked for syntax only, so one
/// of the wrong type does no harm to its neighbours, while a syntax error damages the rest of the record. White
/// space around an element is not part of it. Writing refuses a message that is not one JSON value, because it would
/// make the whole array unreadable; an empty frame is `[]`.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, List};
///
/// let split = List.split(&r#"[{"n":1}, 2]"#.into());
/// assert_eq!(split.parts[0].payload, r#"{"n":1}"#);
/// assert_eq!(split.parts[1].payload, "2");
///
/// assert!(List.accepts(b"1, 2").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct List;

impl Framing for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn accepts(&self, payload: &[u8]) -> Result<(), BoxError> {
        serde_json::from_slice::<&RawValue>(payload)?;
        Ok(())
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(ListFrame(Buffer::default()))
    }

    fn split(&self, record: &Bytes) -> Split {
        let mut elements = Elements { record, at: 0 };
        let mut parts = Vec::new();
        let damaged = elements.read(&mut parts).err().map(|cause| (record.slice(elements.at..), cause));
        Split { parts, damaged }
    }
}

/// Reads an array element by element, each with a parser of its own, so that the offset of the first bad byte and the
/// good elements before it are known.
struct Elements<'a> {
    record: &'a Bytes,
    at: usize,
}

impl Elements<'_> {
    fn read(&mut self, parts: &mut Vec<Part>) -> Result<(), BoxError> {
        self.expect(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return self.end();
        }
        loop {
            let start = self.at;
            let payload = self.element()?;
            // An element is good when its end is seen: a number that breaks off is a number still.
            let last = self.peek() == Some(b']');
            if let Err(cause) = self.expect(if last { b']' } else { b',' }) {
                self.at = start;
                return Err(cause);
            }
            parts.push(Part::new(payload));
            if last {
                return self.end();
            }
        }
    }

    fn element(&mut self) -> Result<Bytes, BoxError> {
        let mut values =
            serde_json::Deserializer::from_slice(&self.record[self.at..]).into_iter::<&RawValue>();
        let value = match values.next() {
            Some(Ok(value)) => self.record.slice_ref(value.get().as_bytes()),
            Some(Err(cause)) => {
                return Err(format!("element that starts at byte {}: {cause}", self.at).into());
            }
            None => return Err("the array is cut short".into()),
        };
        self.at += values.byte_offset();
        Ok(value)
    }

    /// Skips white space and returns the byte behind it.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.record[self.at..];
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    fn expect(&mut self, wanted: u8) -> Result<(), BoxError> {
        match self.peek() {
            Some(byte) if byte == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(byte) => {
                let (wanted, found) = (char::from(wanted), byte.escape_ascii());
                Err(format!("expected '{wanted}' at byte {}, found '{found}'", self.at).into())
            }
            None if wanted == b'[' => Err("not an array: the record is empty".into()),
            None => Err("the array is cut short".into()),
        }
    }

    fn end(&mut self) -> Result<(), BoxError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(format!("bytes after the array, from byte {}", self.at).into()),
        }
    }
}

/// The array so far: an opening bracket and a comma between messages; the closing one is added at the end.
struct ListFrame(Buffer);

impl Frame for ListFrame {
    fn len_with(&self, _: &Key, payload: &[u8], _: &Headers) -> usize {
        // An empty frame has no bracket yet; a started one needs a comma. Either way one byte, and one to close.
        self.0.bytes.len() + 1 + payload.len() + 1
    }

    fn push(&mut self, _: &Key, payload: &[u8], _: &Headers) {
        self.0.bytes.push(if self.0.count == 0 { b'[' } else { b',' });
        self.0.bytes.extend_from_slice(payload);
        self.0.count += 1;
    }

    fn count(&self) -> usize {
        self.0.count
    }

    fn finish(&mut self) -> Bytes {
        if self.0.count == 0 {
            return Bytes::from_static(b"[]");
        }
        self.0.bytes.push(b']');
        self.0.take()
    }
}
