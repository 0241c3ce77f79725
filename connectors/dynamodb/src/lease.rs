//! A row of the KCL's lease table.

use crate::api::Schema;
use crate::change::Change;
use crate::item::{Item, number_of, text, text_of};
use crate::position::StoredPosition;

pub(crate) const KEY: &str = "leaseKey";
pub(crate) const OWNER: &str = "leaseOwner";
pub(crate) const COUNTER: &str = "leaseCounter";
pub(crate) const OWNER_SWITCHES: &str = "ownerSwitchesSinceCheckpoint";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const SUB_SEQUENCE: &str = "checkpointSubSequenceNumber";
/// The owner that is asked to hand over, while `leaseOwner` is the one that waits: KCL 3.
pub(crate) const CHECKPOINT_OWNER: &str = "checkpointOwner";
/// What a KCL prepared, which the next checkpoint puts out of force.
pub(crate) const PENDING: [&str; 3] =
    ["pendingCheckpoint", "pendingCheckpointSubSequenceNumber", "pendingCheckpointState"];
/// What the item is, where the KCL keeps more than leases in the table.
const ENTITY_TYPE: &str = "entityType";
const LEASE: &str = "LEASE";
const LEADER: &str = "LEADER";
const LEADER_KEY: &str = "Leader";
/// Keys of items that are no leases, from before items had types.
const OTHER_KEYS: [&str; 3] = [LEADER_KEY, "Migration3.0", "TableMigration3.5"];

/// The keys of a lease table.
pub(crate) const SCHEMA: Schema = Schema { hash: KEY, range: None };

/// What this crate reads of a lease. It never writes a row whole, so that what others keep in it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaseItem {
    pub(crate) shard: String,
    pub(crate) owner: Option<String>,
    pub(crate) checkpoint_owner: Option<String>,
    pub(crate) counter: u64,
    pub(crate) position: StoredPosition,
}

impl LeaseItem {
    /// Reads an item; `None` for one that is no lease.
    pub(crate) fn read(item: &Item) -> Option<Self> {
        let shard = text_of(item, KEY)?;
        if text_of(item, ENTITY_TYPE).is_some_and(|kind| kind != LEASE) || OTHER_KEYS.contains(&shard) {
            return None;
        }
        Some(Self {
            shard: shard.to_owned(),
            owner: text_of(item, OWNER).map(str::to_owned),
            checkpoint_owner: text_of(item, CHECKPOINT_OWNER).map(str::to_owned),
            counter: number_of(item, COUNTER)?,
            position: StoredPosition {
                checkpoint: text_of(item, CHECKPOINT)?.to_owned(),
                sub_sequence: number_of(item, SUB_SEQUENCE).unwrap_or(0),
            },
        })
    }

    /// Returns who reads the shard: during a hand-over of KCL 3 the one that is asked to leave.
    pub(crate) fn holder(&self) -> Option<&str> {
        self.checkpoint_owner.as_deref().or(self.owner.as_deref())
    }

    /// Returns who waits for the holder to leave.
    pub(crate) fn heir(&self) -> Option<&str> {
        self.checkpoint_owner.as_ref().and(self.owner.as_deref())
    }
}

/// Tells whether an item is the lock of a leader of KCL 3, which assigns leases and has them handed over.
pub(crate) fn is_leader(item: &Item) -> bool {
    text_of(item, ENTITY_TYPE) == Some(LEADER) || text_of(item, KEY) == Some(LEADER_KEY)
}

/// Begins a change of the lease of a shard.
pub(crate) fn change(table: &str, shard: &str) -> Change {
    Change::of(table, key(shard))
}

pub(crate) fn key(shard: &str) -> Item {
    Item::from([(KEY.to_owned(), text(shard))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::number;

    fn item(key: &str) -> Item {
        let mut item = self::key(key);
        item.insert(COUNTER.into(), number(7));
        item.insert(CHECKPOINT.into(), text("TRIM_HORIZON"));
        item
    }

    #[test]
    fn only_leases_are_taken_for_leases() {
        let mut lease = item("shardId-000000000000");
        assert!(LeaseItem::read(&lease).is_some());
        lease.insert(ENTITY_TYPE.into(), text(LEASE));
        assert!(LeaseItem::read(&lease).is_some());
        lease.insert(ENTITY_TYPE.into(), text("WORKER_METRIC_STATS"));
        assert_eq!(LeaseItem::read(&lease), None);

        for key in OTHER_KEYS {
            assert_eq!(LeaseItem::read(&item(key)), None, "{key}");
        }
        for missing in [COUNTER, CHECKPOINT] {
            let mut half = item("shardId-000000000000");
            half.remove(missing);
            assert_eq!(LeaseItem::read(&half), None, "an item without {missing}");
        }
    }
}
