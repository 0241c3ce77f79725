//! A shard that is read, for tests.

use std::sync::Arc;

use bytes::Bytes;

use crate::checkpoint::{FencingToken, Tracker};
use crate::{Headers, Message, Origin, OriginShard, Position};

/// One reading of a shard whose records are numbered from 1: a lease, or what follows a rewind.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) tracker: Tracker,
    shared: Arc<OriginShard>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self::of("orders", "shardId-000000000003")
    }

    pub(super) fn of(stream: &str, shard: &str) -> Self {
        let shared =
            OriginShard { stream: stream.into(), shard: shard.into(), fencing_token: FencingToken(1) };
        Self { tracker: Tracker::new(), shared: Arc::new(shared) }
    }

    /// Reads the same shard anew. Acks of this reading have no say in that one.
    pub(super) fn again(&self) -> Self {
        Self { tracker: Tracker::new(), shared: Arc::clone(&self.shared) }
    }

    pub(super) fn record(&self, number: usize) -> Message<Bytes> {
        self.part(number, None)
    }

    pub(super) fn part(&self, number: usize, sub_sequence: Option<u64>) -> Message<Bytes> {
        let sequence = number.to_string().into();
        let origin = Origin::new(Arc::clone(&self.shared), sequence, sub_sequence, None);
        let ack = self.tracker.open([(origin.position(), None)]).next().expect("one was opened");
        Message::from_parts(
            number.to_string().into(),
            Some("customer-7".into()),
            Headers::new(),
            Some(origin),
            ack,
        )
    }

    /// Returns the number of the last record of the acked prefix.
    pub(super) fn watermark(&self) -> Option<usize> {
        number_of(&self.tracker.watermark()?.position)
    }
}

/// Returns the number of the record that a position stands behind.
pub(super) fn number_of(position: &Position) -> Option<usize> {
    match position {
        Position::After { sequence, .. } => sequence.as_str().parse().ok(),
        _ => None,
    }
}
