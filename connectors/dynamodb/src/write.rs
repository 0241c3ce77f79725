//! What the owner of a lease does with it: renew, commit, release.

use futures::future::try_join;
use headwater::checkpoint::{Checkpoint, Lease, LeaseRow, WorkerId};
use headwater::{Error, ErrorKind, Result};

use crate::change::Change;
use crate::claim::as_read;
use crate::group::{Group, TRIES};
use crate::item::{Item, number, text};
use crate::lease::{
    self, CHECKPOINT, CHECKPOINT_OWNER, COUNTER, LeaseItem, OWNER, OWNER_SWITCHES, PENDING, SUB_SEQUENCE,
};
use crate::note::{self, HANDOFF, Note, TOKEN};
use crate::position::{StoredPosition, time_of};
use crate::row::{Row, contended};

/// A row as the owner knows it: from its lease, or as read anew.
struct Known {
    counter: u64,
    checkpoint: Checkpoint,
}

impl Group {
    /// Renews a lease, and moves its checkpoint where one is given.
    ///
    /// It is tried with what the lease says. Where the row is not like that it is read: if it still bears this claim
    /// then only the counter moved, by a write whose answer was lost or by another copy of the lease, and the write is
    /// repeated with the counter as it was read.
    pub(crate) async fn write(&self, verb: &str, lease: &Lease, to: Option<&Checkpoint>) -> Result<Lease> {
        let mut known = Known { counter: lease.version, checkpoint: lease.checkpoint.clone() };
        let to = to.map(Checkpoint::to_the_millisecond);
        for read in 0..=TRIES {
            let behind = to.as_ref().is_some_and(|to| to.position < known.checkpoint.position);
            if behind && read > 0 {
                return Err(backwards(lease, to.as_ref(), &known.checkpoint));
            }
            // Only who holds the lease is told that it is behind, and a lease may be older than its row.
            if !behind {
                // The same position again is a renewal: what else was stored with it stays.
                let to = to.as_ref().filter(|to| to.position > known.checkpoint.position);
                if let Some(written) = self.try_write(lease, &known, to).await? {
                    return Ok(written);
                }
            }
            let row = self.held(verb, lease).await?;
            known = Known { counter: row.lease.counter, checkpoint: row.checkpoint() };
        }
        Err(contended(verb, &lease.application, &lease.shard))
    }

    async fn try_write(
        &self,
        lease: &Lease,
        known: &Known,
        to: Option<&Checkpoint>,
    ) -> Result<Option<Lease>> {
        let shard = lease.shard.as_str();
        let me = || Some(text(lease.owner.as_str()));
        let counter = known.counter + 1;
        // KCL 3 asks the owner to hand over by making it the checkpoint's owner, and leaves the counter.
        let renewal = lease::change(&self.leases, shard)
            .set(COUNTER, number(counter))
            .when(COUNTER, Some(number(known.counter)))
            .when_either([vec![(OWNER, me()), (CHECKPOINT_OWNER, None)], vec![(CHECKPOINT_OWNER, me())]]);
        let (written, note, checkpoint) = match to {
            None => {
                let (written, note) = try_join(self.api.update_item(&renewal), self.note(shard)).await?;
                (written, Some(note), known.checkpoint.clone())
            }
            Some(to) => {
                let (written, note) = self.commit(lease, renewal, to, known).await?;
                (written, note, to.clone())
            }
        };
        let Some(stored) = written.as_ref().and_then(LeaseItem::read) else { return Ok(None) };
        let asked = note.filter(|note| note.token == Some(lease.token.0)).and_then(|note| note.handoff);
        let handoff = stored.heir().map(str::to_owned).or(asked).map(WorkerId::new);
        Ok(Some(Lease { version: counter, checkpoint, handoff, ..lease.clone() }))
    }

    /// Writes the note and then the row, each for itself: a transaction would cost twice as much, and the note serves the
    /// position that is stored until the new one is. Only a position that is a time has all of itself in the note.
    async fn commit(
        &self,
        lease: &Lease,
        renewal: Change,
        to: &Checkpoint,
        known: &Known,
    ) -> Result<(Option<Item>, Option<Note>)> {
        let position = StoredPosition::write(&to.position)?;
        let mut moved = renewal
            .set(CHECKPOINT, text(&position.checkpoint))
            .set(SUB_SEQUENCE, number(position.sub_sequence))
            .set(OWNER_SWITCHES, number(0));
        for pending in PENDING {
            moved = moved.remove(pending);
        }
        let shard = lease.shard.as_str();
        // Of a worker that lost the lease the note is as untouched as the row.
        let note = note::change(&self.companion, shard).when(TOKEN, Some(number(lease.token.0)));
        let note = note::put_checkpoint(note, to, Some(&known.checkpoint))?;
        if time_of(&to.position).is_some() {
            let note = note::with(note, known.counter + 1);
            if !self.api.transact_write_items(&[moved, note]).await? {
                return Ok((None, None));
            }
            let written = self.api.get_item(&self.leases, &lease::key(shard)).await?;
            return Ok((written, Some(self.note(shard).await?)));
        }
        let Some(note) = self.api.update_item(&note).await? else { return Ok((None, None)) };
        Ok((self.api.update_item(&moved).await?, Some(Note::read(&note))))
    }

    /// Gives a lease up, to a worker or to anyone. One that KCL 3 has promised to a worker goes to that one.
    pub(crate) async fn release(&self, lease: &Lease, to: Option<&WorkerId>) -> Result<()> {
        const VERB: &str = "release the lease";
        for _ in 0..TRIES {
            let row = self.held(VERB, lease).await?;
            let shard = lease.shard.as_str();
            let counter = row.lease.counter + 1;
            let freed = lease::change(&self.leases, shard).set(COUNTER, number(counter));
            let to = || to.map(|to| text(to.as_str()));
            let (freed, owner) = match row.lease.heir() {
                Some(_) => (freed.remove(CHECKPOINT_OWNER), None),
                None => (freed.put(OWNER, to()), to()),
            };
            let note = note::with(note::change(&self.companion, shard), counter);
            let note = note.put(note::OWNER, owner).remove(HANDOFF);
            if self.api.transact_write_items(&[as_read(freed, &row), note]).await? {
                return Ok(());
            }
        }
        Err(contended(VERB, &lease.application, &lease.shard))
    }

    /// Reads the row of a lease, which must be held by it.
    async fn held(&self, verb: &str, lease: &Lease) -> Result<Row> {
        let row = self.row(lease.shard.as_str()).await?;
        let row = row.ok_or_else(|| LeaseRow::missing(verb, &lease.application, &lease.shard))?;
        if row.is_held_by(lease) { Ok(row) } else { Err(row.lost(verb, lease)) }
    }
}

fn backwards(lease: &Lease, to: Option<&Checkpoint>, stored: &Checkpoint) -> Error {
    let to = to.map_or_else(String::new, |to| to.position.to_string());
    Error::new(
        ErrorKind::Conflict,
        format!(
            "commit a checkpoint of {} of {}: {to} is before {}, which is stored",
            lease.shard, lease.application, stored.position,
        ),
    )
}
