//! What belongs to a lease and has no place in the KCL's table.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use headwater::Result;
use headwater::checkpoint::{Checkpoint, from_millis, to_millis};

use crate::api::Schema;
use crate::change::Change;
use crate::item::{Item, number, number_of, text, text_of};
use crate::position::{StoredPosition, time_of};

/// What an item is about, and so what partition it lies in: a shard each, the workers, the application.
pub(crate) const PART: &str = "part";
/// What of it.
pub(crate) const NAME: &str = "name";
pub(crate) const OWNER: &str = "owner";
pub(crate) const TOKEN: &str = "token";
pub(crate) const HANDOFF: &str = "handoff";
const WRITTEN: &str = "leaseCounter";
const AT: &str = "atMillis";
/// When records arrived, by the positions after them. There are two while the position is written anew: this table is
/// first, and whichever position the lease has, its arrival is here. A KCL that moves the position leaves none of them.
const ARRIVALS: &str = "arrivalMillis";

const SHARD: &str = "shard/";
const LEASE: &str = "lease";

/// The keys of the companion of a lease table.
pub(crate) const SCHEMA: Schema = Schema { hash: PART, range: Some(NAME) };

/// The companion of a lease.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    /// The Headwater worker that the lease belongs to, unless a KCL has taken it since.
    pub(crate) owner: Option<String>,
    /// The lease's counter at the last claim by a Headwater worker.
    pub(crate) token: Option<u64>,
    /// The lease's counter when both were last written together.
    pub(crate) written: u64,
    /// The Headwater worker that asked the owner for the lease.
    pub(crate) handoff: Option<String>,
    /// The time of a position that is one.
    pub(crate) at: Option<SystemTime>,
    arrivals: Item,
}

impl Note {
    pub(crate) fn read(item: &Item) -> Self {
        let owned = |name| text_of(item, name).map(str::to_owned);
        Self {
            owner: owned(OWNER),
            token: number_of(item, TOKEN),
            written: number_of(item, WRITTEN).unwrap_or(0),
            handoff: owned(HANDOFF),
            at: number_of(item, AT).and_then(from_millis),
            arrivals: item
                .get(ARRIVALS)
                .and_then(|arrivals| arrivals.as_m().ok())
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// Returns when the record at a position arrived, if this note is about that position.
    pub(crate) fn arrival(&self, position: &StoredPosition) -> Option<SystemTime> {
        number_of(&self.arrivals, &mark(position)).and_then(from_millis)
    }
}

/// Begins a change of the note of a shard.
pub(crate) fn change(table: &str, shard: &str) -> Change {
    Change::of(table, key(shard))
}

/// Says in a change of a note with which counter the lease is written beside it.
pub(crate) fn with(change: Change, counter: u64) -> Change {
    change.set(WRITTEN, number(counter))
}

/// Adds what a checkpoint needs beside its position, and keeps what the one before it needs.
pub(crate) fn put_checkpoint(
    change: Change,
    checkpoint: &Checkpoint,
    before: Option<&Checkpoint>,
) -> Result<Change> {
    let mut arrivals = Item::new();
    for checkpoint in before.into_iter().chain([checkpoint]) {
        if let Some(arrival) = checkpoint.arrival {
            let position = StoredPosition::write(&checkpoint.position)?;
            arrivals.insert(mark(&position), number(to_millis(arrival)));
        }
    }
    let at = time_of(&checkpoint.position).or_else(|| time_of(&before?.position));
    let arrivals = (!arrivals.is_empty()).then_some(AttributeValue::M(arrivals));
    Ok(change.put(AT, at.map(number)).put(ARRIVALS, arrivals))
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
