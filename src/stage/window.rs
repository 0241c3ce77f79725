//! The identities that a deduplicating stage remembers.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ack::Debt;
use crate::{Ack, Origin, SequenceNumber, ShardId};

/// A stream by its name, and one of its shards.
type Shard = (Arc<str>, ShardId);

/// The last identities that were handed out, each with the debt of its message.
#[derive(Default)]
pub(super) struct Window {
    shards: HashMap<Shard, Remembered>,
    /// Which shards' identities to forget, the oldest first, and how many of each: pages make these runs long.
    order: VecDeque<(Shard, usize)>,
    len: usize,
    capacity: usize,
}

/// What is remembered of a shard.
///
/// Positions grow while a shard is read, so a new one goes to the end of the last run, and one comparison tells. Only
/// where reading went back to before the window a further run begins. Every run is sorted.
#[derive(Default)]
struct Remembered {
    runs: VecDeque<VecDeque<Entry>>,
}

struct Entry {
    place: (SequenceNumber, Option<u64>),
    debt: Debt,
}

impl Window {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Returns the ack if the message is to be handed out, which is remembered then. `None` for a duplicate, whose
    /// ack shares the fate of the first delivery from now on.
    pub(super) fn admit(&mut self, origin: &Origin, ack: Ack) -> Option<Ack> {
        let place = (origin.sequence().clone(), origin.sub_sequence());
        let shard = origin.stream_and_shard();
        let remembered = self.shards.entry(shard.clone()).or_default();
        match remembered.find(&place) {
            Some(entry) if entry.debt.is_abandoned() => {
                entry.debt = ack.debt();
                Some(ack)
            }
            Some(entry) => {
                entry.debt.lead(ack);
                None
            }
            None => {
                remembered.push(Entry { place, debt: ack.debt() });
                self.count(shard);
                Some(ack)
            }
        }
    }

    /// Counts an identity that was added, and forgets the oldest one if there are too many.
    fn count(&mut self, shard: Shard) {
        match self.order.back_mut() {
            Some((last, count)) if *last == shard => *count += 1,
            _ => self.order.push_back((shard, 1)),
        }
        self.len += 1;
        if self.len > self.capacity {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((shard, count)) = self.order.front_mut() else { return };
        if let Some(remembered) = self.shards.get_mut(shard) {
            remembered.pop();
            if remembered.runs.is_empty() {
                self.shards.remove(shard);
            }
        }
        *count -= 1;
        if *count == 0 {
            self.order.pop_front();
        }
        self.len -= 1;
    }
}

impl Remembered {
    fn find(&mut self, place: &(SequenceNumber, Option<u64>)) -> Option<&mut Entry> {
        self.runs.iter_mut().rev().find_map(|run| {
            if run.back()?.place < *place {
                return None;
            }
            let index = run.binary_search_by(|entry| entry.place.cmp(place)).ok()?;
            run.get_mut(index)
        })
    }

    fn push(&mut self, entry: Entry) {
        match self.runs.back_mut() {
            Some(run) if run.back().is_some_and(|last| last.place < entry.place) => run.push_back(entry),
            _ => self.runs.push_back(VecDeque::from([entry])),
        }
    }

    /// Drops the entry that was pushed first.
    fn pop(&mut self) {
        if let Some(run) = self.runs.front_mut() {
            run.pop_front();
            if run.is_empty() {
                self.runs.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FencingToken, OriginShard};

    #[test]
    fn a_shard_of_which_nothing_is_remembered_takes_no_room() {
        let mut window = Window::new(3);
        for shard in 0..100 {
            let (stream, shard) = ("orders".into(), format!("shardId-{shard:012}").as_str().into());
            let shard = Arc::new(OriginShard { stream, shard, fencing_token: FencingToken(1) });
            let origin = Origin::new(shard, "1".into(), None, None);
            assert!(window.admit(&origin, Ack::none()).is_some());
        }
        assert_eq!((window.shards.len(), window.order.len(), window.len), (3, 3, 3));
    }
}
