//! A shard: a range of hash keys and the records that fell into it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::shard_log::ShardLog;
use super::{HashKeyRange, SequenceNumber, Timestamp};

/// Digits after `shardId-`.
const ID_DIGITS: usize = 12;

/// A shard's number within its stream, in the order of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShardId(u32);

impl ShardId {
    pub(crate) fn new(index: u32) -> Self {
        Self(index)
    }

    pub(crate) fn index(self) -> u32 {
        self.0
    }

    /// Reads `shardId-000000000007`. `None` is any other string.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("shardId-")?;
        let well_formed = digits.len() == ID_DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
        well_formed.then(|| digits.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

/// A shard. What never changes is readable without a lock.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    /// The id as text, because every written record's answer carries it.
    pub(crate) name: Box<str>,
    pub(crate) parent: Option<ShardId>,
    pub(crate) adjacent_parent: Option<ShardId>,
    pub(crate) range: HashKeyRange,
    pub(crate) opened: Timestamp,
    log: Mutex<ShardLog>,
}

impl Shard {
    pub(crate) fn open(
        id: ShardId,
        range: HashKeyRange,
        parent: Option<ShardId>,
        adjacent_parent: Option<ShardId>,
        opened: Timestamp,
    ) -> Self {
        let log = Mutex::new(ShardLog::default());
        Self { id, name: id.to_string().into(), parent, adjacent_parent, range, opened, log }
    }

    /// Locks the records. A panic elsewhere must not take the endpoint down, and no method leaves a log half
    /// changed.
    pub(crate) fn log(&self) -> MutexGuard<'_, ShardLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sequence_number(&self, counter: u64) -> SequenceNumber {
        SequenceNumber { opened: self.opened, counter, shard: self.id }
    }

    pub(crate) fn is_child_of(&self, id: ShardId) -> bool {
        self.parent == Some(id) || self.adjacent_parent == Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_ids_have_twelve_digits() {
        assert_eq!(ShardId::new(7).to_string(), "shardId-000000000007");
        assert_eq!(ShardId::parse("shardId-000000000007"), Some(ShardId::new(7)));
        for other in
            ["", "7", "shardId-7", "shardId-0000000000007", "shardId-00000000000x", "shard-000000000007"]
        {
            assert_eq!(ShardId::parse(other), None, "{other}");
        }
    }
}
