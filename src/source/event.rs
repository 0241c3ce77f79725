//! What readers send to the stream.

use std::sync::Arc;

use tokio::time::Instant;

use crate::source::reading::Reading;
use crate::source::{Record, Shard};

/// What a reader sends to the stream, in the order of its shard.
pub(super) struct Event {
    pub(super) reading: Arc<Reading>,
    pub(super) news: News,
}

pub(super) enum News {
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
pub(super) struct Fetched {
    pub(super) records: Vec<Record>,
    pub(super) behind: Behind,
}

/// How far a page was behind the tip of its shard when it was fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behind {
    /// Where the service told.
    pub(super) millis: Option<u64>,
    pub(super) at: Instant,
}
