//! What an operator does to a lease.

use headwater::checkpoint::{Checkpoint, LeaseRow};
use headwater::{Result, ShardId};

use crate::group::Group;
use crate::item::{number, text};
use crate::lease::{
    self, CHECKPOINT, CHECKPOINT_OWNER, COUNTER, KEY, OWNER, OWNER_SWITCHES, PENDING, SUB_SEQUENCE,
};
use crate::note::{self, HANDOFF, TOKEN};
use crate::position::StoredPosition;

impl Group {
    /// Stores a checkpoint, whatever was stored, and frees the lease, if its row is as it was listed.
    pub(crate) async fn reset(
        &self,
        shard: &ShardId,
        listed: Option<&LeaseRow>,
        checkpoint: &Checkpoint,
    ) -> Result<bool> {
        let position = StoredPosition::write(&checkpoint.position)?;
        let mut lease = lease::change(&self.leases, shard.as_str())
            .set(CHECKPOINT, text(&position.checkpoint))
            .set(SUB_SEQUENCE, number(position.sub_sequence))
            .set(OWNER_SWITCHES, number(0))
            .remove(OWNER)
            .remove(CHECKPOINT_OWNER);
        for pending in PENDING {
            lease = lease.remove(pending);
        }
        let note = note::change(&self.companion, shard.as_str()).remove(note::OWNER).remove(HANDOFF);
        let note = note::put_checkpoint(note, checkpoint, &position);
        let (lease, note) = match listed {
            // Nobody was given a token yet, unless there was a row before.
            None => (lease.set(COUNTER, number(1)).when(KEY, None), note.set_if_absent(TOKEN, number(0))),
            Some(listed) => {
                let free = lease.set(COUNTER, number(listed.version + 1));
                (
                    free.when(COUNTER, Some(number(listed.version))),
                    note.set_if_absent(TOKEN, number(listed.token.0)),
                )
            }
        };
        self.api.transact_write_items(&[lease, note]).await
    }
}
