//! What readers send to the stream.

use std::sync::Arc;

use crate::source::pages::reading::{Behind, Reading};
use crate::source::{Record, Shard};

/// What a reader sends to the stream, in the order of its shard.
pub(in crate::source) struct Event {
    pub(in crate::source) reading: Arc<Reading>,
    pub(in crate::source) news: News,
}

pub(in crate::source) enum News {
    /// Records to hand out.
    Page(Fetched),
    /// The shard has no more records.
    End { children: Vec<Shard> },
    /// The shard was read to its tip for the first time.
    Tip,
    /// The shard was read as far as was asked for.
    Bound,
}

/// The records of a page.
pub(in crate::source) struct Fetched {
    pub(in crate::source) records: Vec<Record>,
    pub(in crate::source) behind: Behind,
}
