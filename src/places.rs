//! Where the messages of a page stand in their shard, in blocks.

use std::sync::Arc;
use std::time::SystemTime;

use crate::checkpoint::Checkpoint;
use crate::source::Record;
use crate::{OriginShard, Position, SequenceNumber};

/// How many places are in one block. A single message that is kept keeps its block, so a page of ten thousand has many;
/// each costs a few allocations, so they are not small.
const BLOCK: usize = 256;

/// The places of messages that follow each other in a shard. Their origins and the tracker that turns their acks into
/// a position share the block.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) shard: Arc<OriginShard>,
    pub(crate) places: Box<[Place]>,
}

/// Where a message stands in its shard, and when it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) sequence: SequenceNumber,
    pub(crate) part: Part,
    pub(crate) arrival: Option<SystemTime>,
}

/// Which part of its record a message is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// A user record of an aggregate that has more, by its place.
    Some(u64),
    /// The user record with which an aggregate is done.
    Last(u64),
}

impl Places {
    /// Puts the places of a page into blocks.
    pub(crate) fn of(shard: &Arc<OriginShard>, records: &[Record]) -> Vec<Arc<Self>> {
        let block = |records: &[Record]| Self {
            shard: Arc::clone(shard),
            places: records.iter().map(Place::from).collect(),
        };
        records.chunks(BLOCK).map(|records| Arc::new(block(records))).collect()
    }
}

impl Place {
    /// Returns the place inside an aggregate.
    pub(crate) fn sub_sequence(&self) -> Option<u64> {
        match self.part {
            Part::Whole => None,
            Part::Some(sub) | Part::Last(sub) => Some(sub),
        }
    }

    /// Returns the position of the message itself.
    pub(crate) fn position(&self) -> Position {
        Position::After { sequence: self.sequence.clone(), sub_sequence: self.sub_sequence() }
    }

    /// Returns what to store once it is acked, and all before it.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let sub_sequence = match self.part {
            Part::Whole | Part::Last(_) => None,
            Part::Some(sub) => Some(sub),
        };
        let position = Position::After { sequence: self.sequence.clone(), sub_sequence };
        Checkpoint { position, arrival: self.arrival }
    }
}

impl From<&Record> for Place {
    fn from(record: &Record) -> Self {
        let part = match record.sub_sequence {
            None => Part::Whole,
            Some(sub) if record.completes => Part::Last(sub),
            Some(sub) => Part::Some(sub),
        };
        Self { sequence: record.sequence.clone(), part, arrival: record.arrival }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{FencingToken, Tracker};
    use crate::{Ack, Headers, Origin};

    fn page(count: u64) -> Vec<Record> {
        let record = |n: u64| Record {
            payload: "an order".into(),
            key: None,
            headers: Headers::new(),
            sequence: n.to_string().into(),
            sub_sequence: Some(n % 3),
            completes: n % 3 == 2,
            arrival: None,
        };
        (1..=count).map(record).collect()
    }

    fn shard() -> Arc<OriginShard> {
        let (stream, shard) = ("orders".into(), "shardId-000000000000".into());
        Arc::new(OriginShard { stream, shard, fencing_token: FencingToken(1) })
    }

    #[test]
    fn each_message_of_a_page_of_many_blocks_knows_its_own_place() {
        let records = page(BLOCK as u64 * 2 + 7);
        let blocks = Places::of(&shard(), &records);
        let sizes: Vec<_> = blocks.iter().map(|block| block.places.len()).collect();
        assert_eq!(sizes, [BLOCK, BLOCK, 7]);
        let origins = blocks.iter().flat_map(|block| (0..block.places.len()).map(|n| Origin::of(block, n)));
        let positions: Vec<_> = origins.map(|origin| origin.position()).collect();
        assert_eq!(positions, records.iter().map(Record::position).collect::<Vec<_>>());
    }

    #[test]
    fn the_watermark_moves_over_a_page_of_many_blocks_as_its_messages_are_acked() {
        let records = page(BLOCK as u64 * 2);
        let tracker = Tracker::new();
        let acks = tracker.open_places(&Places::of(&shard(), &records));
        let mut acks: Vec<_> = acks.into_iter().flatten().collect();
        assert_eq!(tracker.in_flight(), records.len());
        let last_of_first = acks.remove(BLOCK - 1);
        acks.into_iter().for_each(Ack::ack);
        let before = &records[BLOCK - 2];
        let sub_sequence = before.sub_sequence.filter(|_| !before.completes);
        let position = Position::After { sequence: before.sequence.clone(), sub_sequence };
        assert_eq!(tracker.watermark().unwrap().position, position);
        last_of_first.ack();
        let last = Place::from(&records[records.len() - 1]);
        assert_eq!(tracker.watermark().unwrap(), last.checkpoint());
    }
}
