//! No framing: one message, one record.

use bytes::Bytes;

use crate::codec::{Frame, Framing, Split};
use crate::{Headers, Key};

/// No framing: one message, one record, its bytes as they are.
///
/// # Example
///
/// ```
/// use headwater::codec::{Framing, Single};
///
/// assert!(!Single.joins());
/// assert_eq!(Single.split(&"any bytes".into()).parts[0].payload, "any bytes");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Single;

impl Framing for Single {
    fn name(&self) -> &'static str {
        "single"
    }

    fn joins(&self) -> bool {
        false
    }

    fn carries_keys(&self) -> bool {
        false
    }

    fn is_identity(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(SingleFrame::default())
    }

    fn split(&self, record: &Bytes) -> Split {
        Split::whole(record)
    }
}

#[derive(Default)]
struct SingleFrame {
    payload: Option<Bytes>,
}

impl Frame for SingleFrame {
    fn len_with(&self, _: &Key, payload: &[u8], _: &Headers) -> usize {
        payload.len()
    }

    fn push(&mut self, _: &Key, payload: &[u8], _: &Headers) {
        debug_assert!(self.payload.is_none(), "a second message in a frame that does not join");
        self.payload = Some(Bytes::copy_from_slice(payload));
    }

    fn count(&self) -> usize {
        usize::from(self.payload.is_some())
    }

    fn finish(&mut self) -> Bytes {
        self.payload.take().unwrap_or_default()
    }
}
