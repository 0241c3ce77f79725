//! What belongs to a lease and has no place in the KCL's table.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use headwater::checkpoint::Checkpoint;

use crate::api::Schema;
use crate::change::Change;
use crate::item::{Item, number, number_of, text, text_of};
use crate::position::{StoredPosition, time_of};
use crate::time::{from_millis, to_millis};

/// What an item is about, and so what partition it lies in: a shard each, the workers, the application.
pub(crate) const PART: &str = "part";
/// What of it.
pub(crate) const NAME: &str = "name";
pub(crate) const OWNER: &str = "owner";
pub(crate) const TOKEN: &str = "token";
pub(crate) const HANDOFF: &str = "handoff";
const AT: &str = "atMillis";
const ARRIVAL: &str = "arrivalMillis";
const ARRIVAL_OF: &str = "arrivalOf";

const SHARD: &str = "shard/";
const LEASE: &str = "lease";

/// The keys of the companion of a lease table.
pub(crate) const SCHEMA: Schema = Schema { hash: PART, range: Some(NAME) };

/// The companion of a lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// The Headwater worker that the lease belongs to, unless a KCL has taken it since.
    pub(crate) owner: Option<String>,
    /// The lease's counter at the last claim by a Headwater worker.
    pub(crate) token: Option<u64>,
    /// The Headwater worker that asked the owner for the lease.
    pub(crate) handoff: Option<String>,
    /// The time of a position that is one.
    pub(crate) at: Option<SystemTime>,
    arrival: Option<SystemTime>,
    /// The position that the arrival belongs to: a KCL that moves the checkpoint leaves this note behind.
    arrival_of: Option<String>,
}

impl Note {
    pub(crate) fn read(item: &Item) -> Self {
        let owned = |name| text_of(item, name).map(str::to_owned);
        let time = |name| number_of(item, name).and_then(from_millis);
        Self {
            owner: owned(OWNER),
            token: number_of(item, TOKEN),
            handoff: owned(HANDOFF),
            at: time(AT),
            arrival: time(ARRIVAL),
            arrival_of: owned(ARRIVAL_OF),
        }
    }

    /// Returns when the record at a position arrived, if this note is about that position.
    pub(crate) fn arrival(&self, position: &StoredPosition) -> Option<SystemTime> {
        self.arrival.filter(|_| self.arrival_of.as_deref() == Some(&*mark(position)))
    }
}

/// Begins a change of the note of a shard.
pub(crate) fn change(table: &str, shard: &str) -> Change {
    Change::of(table, key(shard))
}

/// Adds what a checkpoint needs beside its position.
pub(crate) fn put_checkpoint(change: Change, checkpoint: &Checkpoint, position: &StoredPosition) -> Change {
    let millis = |millis: i64| -> AttributeValue { number(millis) };
    let arrival = checkpoint.arrival.map(to_millis);
    change
        .put(AT, time_of(&checkpoint.position).map(millis))
        .put(ARRIVAL, arrival.map(millis))
        .put(ARRIVAL_OF, arrival.map(|_| text(mark(position))))
}

pub(crate) fn key(shard: &str) -> Item {
    key_of(&format!("{SHARD}{shard}"), LEASE)
}

pub(crate) fn key_of(part: &str, name: &str) -> Item {
    Item::from([(PART.to_owned(), text(part)), (NAME.to_owned(), text(name))])
}

/// Returns the shard that an item is the note of, if it is one.
pub(crate) fn shard_of(item: &Item) -> Option<&str> {
    text_of(item, PART)?.strip_prefix(SHARD)
}

fn mark(position: &StoredPosition) -> String {
    format!("{}/{}", position.checkpoint, position.sub_sequence)
}
