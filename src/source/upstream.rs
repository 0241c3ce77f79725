//! What a connector provides: the shards of a stream, and a fetcher for each.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Key, Position, Result, SequenceNumber, ShardId};

/// A stream with shards, as a connector sees it.
pub trait Upstream: fmt::Debug + Send + Sync + 'static {
    /// Returns the name of the stream, for origins, errors and checkpoints.
    fn stream(&self) -> &str;

    /// Lists every shard that the service still knows, closed ones too.
    ///
    /// # Errors
    ///
    /// `NotFound`, `AccessDenied` and their like end the source; retryable ones are tried again.
    fn shards(&self) -> BoxFuture<'_, Result<Vec<Shard>>>;

    /// Starts to read a shard. Nothing is asked of the service before the first [`Fetch::next`].
    fn open(&self, shard: &ShardId, from: ReadFrom) -> Box<dyn Fetch>;
}

/// Reads one shard, page by page.
pub trait Fetch: Send {
    /// Returns the next page, which may be empty. Paces itself; recovers from what is a matter of its protocol, such
    /// as an expired iterator.
    ///
    /// # Errors
    ///
    /// After a retryable error `next` is called again, once the engine's back-off has passed, and goes on where it
    /// was.
    ///
    /// # Cancel safety
    ///
    /// A page that was not returned is fetched again.
    fn next(&mut self) -> BoxFuture<'_, Result<Page>>;
}

/// A shard and its place among the generations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub id: ShardId,
    /// The shards that it came from: none, one after a split, two after a merge.
    pub parents: Vec<ShardId>,
}

/// Where a fetcher starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// At a position. Inside an aggregate the whole record may be delivered: the engine drops what is done.
    Position(Position),
    /// At a record, that record included.
    Sequence(SequenceNumber),
}

/// What one fetch brought.
#[derive(Debug, Default)]
pub struct Page {
    /// The records, in the order of the shard.
    pub records: Vec<Record>,
    /// The bytes that the page takes in memory, which the byte budget is charged with.
    pub bytes: usize,
    /// How far the page is behind the tip of the shard, where the service tells.
    pub millis_behind_latest: Option<u64>,
    /// Set with the last page of a closed shard: its children, as far as the service names them.
    pub end: Option<Vec<Shard>>,
}

/// One record, or one user record of an aggregate.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its bytes.
    pub payload: Bytes,
    /// Its key.
    pub key: Option<Key>,
    /// The sequence number of the record that it came in.
    pub sequence: SequenceNumber,
    /// Its place inside an aggregate, counted from 0; `None` for a plain record.
    pub sub_sequence: Option<u64>,
    /// Whether the record is done with this part: true for a plain record and for the last of an aggregate.
    pub completes: bool,
    /// When the service took it in.
    pub arrival: Option<SystemTime>,
}

impl Record {
    /// Returns the position of the record itself.
    pub fn position(&self) -> Position {
        Position::After { sequence: self.sequence.clone(), sub_sequence: self.sub_sequence }
    }

    /// Returns the position to store once it is acked, and all before it.
    pub(crate) fn checkpoint_position(&self) -> Position {
        let sub_sequence = if self.completes { None } else { self.sub_sequence };
        Position::After { sequence: self.sequence.clone(), sub_sequence }
    }
}
