//! Where a message came from.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::places::{Part, Place, Places};
use crate::{FencingToken, Position, SequenceNumber, ShardId};

/// Where a message came from: stream, shard, sequence number, sub-sequence number, arrival time, and the fencing
/// token of the worker that read it.
///
/// Cheap to clone: what the messages of a page have in common is shared, and a few hundred of them share one block.
///
/// # Example
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::MemoryStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 2);
/// let record = stream.put("customer-7", "an order");
///
/// let message = stream.source().await?.try_next().await?.expect("one was put");
/// let origin = message.origin().expect("it was read from a stream");
/// assert_eq!((origin.stream(), origin.shard()), ("orders", &record.shard));
/// assert_eq!(origin.sequence(), &record.sequence);
/// assert_eq!(origin.sub_sequence(), None);
/// # message.ack();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Origin {
    places: Arc<Places>,
    /// Which of them is its own.
    index: u32,
}

/// What the origins of all messages read under one lease share.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use headwater::{FencingToken, Origin, OriginShard};
///
/// let shard = Arc::new(OriginShard {
///     stream: "orders".into(),
///     shard: "shardId-000000000000".into(),
///     fencing_token: FencingToken(3),
/// });
/// let origins = ["1", "2"].map(|sequence| Origin::new(Arc::clone(&shard), sequence.into(), None, None));
/// assert!(origins.iter().all(|origin| origin.fencing_token() == FencingToken(3)));
/// ```
#[derive(Debug)]
pub struct OriginShard {
    /// The name of the stream.
    pub stream: Arc<str>,
    /// The shard.
    pub shard: ShardId,
    /// The fencing token of the lease under which it was read.
    pub fencing_token: FencingToken,
}

impl Origin {
    /// Creates an origin.
    pub fn new(
        shard: Arc<OriginShard>,
        sequence: SequenceNumber,
        sub_sequence: Option<u64>,
        arrival: Option<SystemTime>,
    ) -> Self {
        let part = sub_sequence.map_or(Part::Whole, Part::Last);
        let places = Box::new([Place { sequence, part, arrival }]);
        Self { places: Arc::new(Places { shard, places }), index: 0 }
    }

    /// Creates the origin of one of the messages of a page.
    pub(crate) fn of(places: &Arc<Places>, index: usize) -> Self {
        Self { places: Arc::clone(places), index: index as u32 }
    }

    fn place(&self) -> &Place {
        &self.places.places[self.index as usize]
    }

    /// Returns the name of the stream.
    pub fn stream(&self) -> &str {
        &self.places.shard.stream
    }

    /// Returns the shard.
    pub fn shard(&self) -> &ShardId {
        &self.places.shard.shard
    }

    /// Returns stream and shard together, sharing them.
    pub(crate) fn stream_and_shard(&self) -> (Arc<str>, ShardId) {
        (Arc::clone(&self.places.shard.stream), self.places.shard.shard.clone())
    }

    /// Returns the sequence number of the record.
    pub fn sequence(&self) -> &SequenceNumber {
        &self.place().sequence
    }

    /// Returns the place inside a KPL aggregate, counted from 0; `None` for a plain record.
    pub fn sub_sequence(&self) -> Option<u64> {
        self.place().sub_sequence()
    }

    /// Returns when the service took the record in (milliseconds in Kinesis).
    pub fn arrival(&self) -> Option<SystemTime> {
        self.place().arrival
    }

    /// Returns the fencing token: greater at every later claim of the shard, so that a sink can refuse the
    /// writes of a worker that lost its lease.
    pub fn fencing_token(&self) -> FencingToken {
        self.places.shard.fencing_token
    }

    /// Returns the position of the message in its shard.
    pub fn position(&self) -> Position {
        self.place().position()
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("shard", &self.places.shard)
            .field("place", self.place())
            .finish_non_exhaustive()
    }
}
