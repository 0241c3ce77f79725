//! A framing whose records hold one message each.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use headwater::codec::{Frame, Framing, Split};
use headwater::{BoxError, Headers, Key};

/// A framing whose records hold one message each, for streams that take no aggregates. Headers are left out: some
/// framings would wrap a message that has any, alone as it is, in an aggregate.
pub(super) struct Alone(pub(super) Arc<dyn Framing>);

impl Framing for Alone {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn joins(&self) -> bool {
        false
    }

    fn carries_keys(&self) -> bool {
        self.0.carries_keys()
    }

    fn is_identity(&self) -> bool {
        self.0.is_identity()
    }

    fn accepts(&self, payload: &[u8]) -> Result<(), BoxError> {
        self.0.accepts(payload)
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Bare(self.0.open()))
    }

    fn split(&self, record: &Bytes) -> Split {
        self.0.split(record)
    }
}

/// A frame that is given no headers.
struct Bare(Box<dyn Frame>);

impl Frame for Bare {
    fn len_with(&self, key: &Key, payload: &[u8], _: &Headers) -> usize {
        self.0.len_with(key, payload, &Headers::new())
    }

    fn push(&mut self, key: &Key, payload: &[u8], _: &Headers) {
        self.0.push(key, payload, &Headers::new());
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn finish(&mut self) -> Bytes {
        self.0.finish()
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alone").field(&self.0).finish()
    }
}
