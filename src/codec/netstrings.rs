//! Length-prefixed messages.

use bytes::Bytes;

use crate::codec::buffer::Buffer;
use crate::codec::{Frame, Framing, Part, Split};
use crate::{BoxError, Headers, Key};

/// The longest length prefix: 10 digits name more bytes than any record holds.
const MAX_DIGITS: usize = 10;

/// One netstring per message: its length in decimal digits, `:`, its bytes, `,`. Any bytes can be framed.
///
/// Reading hands out slices of the record, in linear time. A record that breaks off, a length with leading zeros
/// (which the format forbids), of more than 10 digits or beyond the record's end, and a missing comma damage the rest
/// of the record; the messages before are good.
///
/// Source: D. J. Bernstein, [Netstrings](https://cr.yp.to/proto/netstrings.txt).
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Netstrings};
///
/// let split = Netstrings.split(&"3:123,4:te".into());
/// assert_eq!(split.parts[0].payload, "123");
/// assert_eq!(split.damaged.unwrap().0, "4:te");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Netstrings;

impl Framing for Netstrings {
    fn name(&self) -> &'static str {
        "netstrings"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(NetstringsFrame(Buffer::default()))
    }

    fn split(&self, record: &Bytes) -> Split {
        let mut split = Split::default();
        let mut at = 0;
        while at < record.len() {
            match payload_len(&record[at..]) {
                Ok((prefix, len)) => {
                    let start = at + prefix;
                    split.parts.push(Part::new(record.slice(start..start + len)));
                    at = start + len + 1;
                }
                Err(cause) => {
                    let context = format!("netstring that starts at byte {at}: {cause}");
                    split.damaged = Some((record.slice(at..), context.into()));
                    break;
                }
            }
        }
        split
    }
}

/// Reads the length prefix of the netstring that `rest` starts with, and checks that all of it is there. Returns the
/// lengths of the prefix, colon included, and of the payload.
fn payload_len(rest: &[u8]) -> Result<(usize, usize), BoxError> {
    let digits = rest.iter().take(MAX_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits) {
        _ if digits > MAX_DIGITS => return Err(format!("a length of more than {MAX_DIGITS} digits").into()),
        Some(b':') if digits > 0 => {}
        Some(byte) => {
            return Err(format!("expected a length and ':', found '{}'", byte.escape_ascii()).into());
        }
        None => return Err("its length is cut short".into()),
    }
    if digits > 1 && rest[0] == b'0' {
        return Err("a length with leading zeros".into());
    }
    let len = rest[..digits].iter().fold(0_u64, |len, digit| len * 10 + u64::from(digit - b'0'));
    let body = &rest[digits + 1..];
    // The comma is part of what must be there, so the length is below that of the body.
    match usize::try_from(len).ok().filter(|len| *len < body.len()) {
        Some(len) if body[len] == b',' => Ok((digits + 1, len)),
        Some(len) => {
            Err(format!("expected ',' after {len} bytes, found '{}'", body[len].escape_ascii()).into())
        }
        None => Err(format!("a length of {len}, and only {} bytes follow", body.len()).into()),
    }
}

struct NetstringsFrame(Buffer);

impl Frame for NetstringsFrame {
    fn len_with(&self, _: &Key, payload: &[u8], _: &Headers) -> usize {
        let digits = payload.len().checked_ilog10().unwrap_or(0) as usize + 1;
        self.0.bytes.len() + digits + 1 + payload.len() + 1
    }

    fn push(&mut self, _: &Key, payload: &[u8], _: &Headers) {
        let bytes = &mut self.0.bytes;
        bytes.extend_from_slice(itoa::Buffer::new().format(payload.len()).as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(payload);
        bytes.push(b',');
        self.0.count += 1;
    }

    fn count(&self) -> usize {
        self.0.count
    }

    fn finish(&mut self) -> Bytes {
        self.0.take()
    }
}
