//! Taking a lease.

use headwater::Result;
use headwater::checkpoint::{Checkpoint, Claim, FencingToken, Lease};

use crate::change::Change;
use crate::group::{Group, TRIES};
use crate::item::{number, text};
use crate::lease::{self, CHECKPOINT, CHECKPOINT_OWNER, COUNTER, KEY, OWNER, OWNER_SWITCHES, SUB_SEQUENCE};
use crate::note::{self, HANDOFF, Note, TOKEN};
use crate::position::StoredPosition;
use crate::row::{Row, contended};

impl Group {
    /// Grants a claim, or not.
    pub(crate) async fn claim(&self, claim: &Claim) -> Result<Option<Lease>> {
        for _ in 0..TRIES {
            let lease = match self.read(claim.shard.as_str()).await? {
                (None, note) => self.create(claim, &note).await?,
                (Some(lease), note) => {
                    let row = Row { lease, note };
                    if !row.may_be_claimed(claim) {
                        return Ok(None);
                    }
                    self.take(claim, &row).await?
                }
            };
            if lease.is_some() {
                return Ok(lease);
            }
        }
        Err(contended("claim a lease", &claim.application, &claim.shard))
    }

    /// Makes the row of a shard that has none. Where it had one, which a KCL removes once the shard has expired, the
    /// note still knows the last token, and the next is greater.
    async fn create(&self, claim: &Claim, note: &Note) -> Result<Option<Lease>> {
        let shard = claim.shard.as_str();
        let position = StoredPosition::write(&claim.initial.position)?;
        let counter = note.token.unwrap_or(0) + 1;
        let lease = lease::change(&self.leases, shard)
            .set(OWNER, text(claim.worker.as_str()))
            .set(COUNTER, number(counter))
            .set(OWNER_SWITCHES, number(0))
            .set(CHECKPOINT, text(&position.checkpoint))
            .set(SUB_SEQUENCE, number(position.sub_sequence))
            .when(KEY, None);
        let note = note::with(note::change(&self.companion, shard), counter)
            .set(note::OWNER, text(claim.worker.as_str()))
            .set(TOKEN, number(counter))
            .remove(HANDOFF);
        let note = note::put_checkpoint(note, &claim.initial, None)?;
        let created = self.api.transact_write_items(&[lease, note]).await?;
        Ok(created.then(|| granted(claim, counter, claim.initial.to_the_millisecond())))
    }

    async fn take(&self, claim: &Claim, row: &Row) -> Result<Option<Lease>> {
        let shard = claim.shard.as_str();
        // Past the last token, even where a KCL removed the row and made it anew.
        let counter = row.lease.counter.max(row.note.token.unwrap_or(0)) + 1;
        let mut lease = lease::change(&self.leases, shard)
            .set(OWNER, text(claim.worker.as_str()))
            .set(COUNTER, number(counter))
            .remove(CHECKPOINT_OWNER);
        if row.lease.holder().is_some_and(|holder| holder != claim.worker.as_str()) {
            lease = lease.increment(OWNER_SWITCHES);
        }
        let note = note::with(note::change(&self.companion, shard), counter)
            .set(note::OWNER, text(claim.worker.as_str()))
            .set(TOKEN, number(counter))
            .remove(HANDOFF);
        let taken = self.api.transact_write_items(&[as_read(lease, row), note]).await?;
        Ok(taken.then(|| granted(claim, counter, row.checkpoint())))
    }
}

/// Makes a change of the lease hold only if nobody wrote it since it was read. The owners are compared beside the
/// counter because KCL 3 hands over by changing them alone.
pub(crate) fn as_read(change: Change, row: &Row) -> Change {
    change
        .when(COUNTER, Some(number(row.lease.counter)))
        .when(OWNER, row.lease.owner.as_deref().map(text))
        .when(CHECKPOINT_OWNER, row.lease.checkpoint_owner.as_deref().map(text))
}

fn granted(claim: &Claim, counter: u64, checkpoint: Checkpoint) -> Lease {
    Lease {
        application: claim.application.clone(),
        shard: claim.shard.clone(),
        owner: claim.worker.clone(),
        token: FencingToken(counter),
        version: counter,
        checkpoint,
        handoff: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;
    use crate::lease::LeaseItem;

    #[test]
    fn a_write_expects_the_counter_and_both_owners_as_they_were_read() {
        let position = StoredPosition { checkpoint: "7".into(), sub_sequence: 0 };
        let mut lease = LeaseItem {
            shard: "shardId-000000000000".into(),
            owner: Some("owner".into()),
            checkpoint_owner: None,
            counter: 7,
            position,
        };
        let condition = |lease: &LeaseItem| {
            let row = Row { lease: lease.clone(), note: Note::default() };
            as_read(Change::of("table", Item::new()), &row).condition_expression().unwrap()
        };
        let held = "#leaseCounter = :0 AND #leaseOwner = :1 AND attribute_not_exists(#checkpointOwner)";
        assert_eq!(condition(&lease), held);
        lease.checkpoint_owner = Some("leaving".into());
        let handed_over = "#leaseCounter = :0 AND #leaseOwner = :1 AND #checkpointOwner = :2";
        assert_eq!(condition(&lease), handed_over);
    }
}
