//! A framing whose records hold one message each.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use headwater::BoxError;
use headwater::codec::{Frame, Framing, Split};

/// A framing whose records hold one message each, for streams that take no aggregates.
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
        self.0.open()
    }

    fn split(&self, record: &Bytes) -> Split {
        self.0.split(record)
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alone").field(&self.0).finish()
    }
}
