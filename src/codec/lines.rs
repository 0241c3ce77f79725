//! One message per line.

use bytes::Bytes;
use memchr::memchr;

use crate::codec::buffer::Buffer;
use crate::codec::{Frame, Framing, Part, Split};
use crate::{BoxError, Headers, Key};

/// One message per line: `item\n` for every message, the last too.
///
/// Reading gives one message per line that is not empty. A line may end in `\r\n`, and the last line may lack its
/// end. So that every message comes back as it was, writing refuses those that a line cannot hold: an empty one,
/// one that contains a newline, one that ends in a carriage return.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Lines};
///
/// let split = Lines.split(&"first\r\n\nsecond".into());
/// let lines: Vec<_> = split.parts.iter().map(|part| &part.payload[..]).collect();
/// assert_eq!(lines, [&b"first"[..], b"second"]);
///
/// assert!(Lines.accepts(b"two\nlines").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines;

impl Framing for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn accepts(&self, payload: &[u8]) -> Result<(), BoxError> {
        if payload.is_empty() {
            return Err("an empty line would not be read again".into());
        }
        if memchr(b'\n', payload).is_some() {
            return Err("a line cannot hold a newline".into());
        }
        if payload.ends_with(b"\r") {
            return Err("a carriage return at the end of a line would not be read again".into());
        }
        Ok(())
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(LinesFrame(Buffer::default()))
    }

    fn split(&self, record: &Bytes) -> Split {
        let parts = record
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| !line.is_empty())
            .map(|line| Part::new(record.slice_ref(line)))
            .collect();
        Split { parts, damaged: None }
    }
}

struct LinesFrame(Buffer);

impl Frame for LinesFrame {
    fn len_with(&self, _: &Key, payload: &[u8], _: &Headers) -> usize {
        self.0.bytes.len() + payload.len() + 1
    }

    fn push(&mut self, _: &Key, payload: &[u8], _: &Headers) {
        self.0.bytes.extend_from_slice(payload);
        self.0.bytes.push(b'\n');
        self.0.count += 1;
    }

    fn count(&self) -> usize {
        self.0.count
    }

    fn finish(&mut self) -> Bytes {
        self.0.take()
    }
}
