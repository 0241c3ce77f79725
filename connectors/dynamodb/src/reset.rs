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
        // Nobody was given a token of a shard without a row, unless it had one before.
        let (counter, token) = listed.map_or((1, 0), |listed| (listed.version + 1, listed.token.0));
        let lease = lease.set(COUNTER, number(counter));
        let lease = match listed {
            None => lease.when(KEY, None),
            Some(listed) => lease.when(COUNTER, Some(number(listed.version))),
        };
        let note = note::with(note::change(&self.companion, shard.as_str()), counter);
        let note = note.set_if_absent(TOKEN, number(token)).remove(note::OWNER).remove(HANDOFF);
        let note = note::put_checkpoint(note, checkpoint, None)?;
        self.api.transact_write_items(&[lease, note]).await
    }
}
