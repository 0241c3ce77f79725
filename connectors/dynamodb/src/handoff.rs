//! Asking the owner of a lease for it.

use headwater::Result;
use headwater::checkpoint::{LeaseRow, WorkerId};

use crate::change::Change;
use crate::claim::as_read;
use crate::group::{Group, TRIES};
use crate::item::{number, text};
use crate::lease::{self, CHECKPOINT_OWNER, COUNTER, OWNER, OWNER_SWITCHES};
use crate::note::{self, HANDOFF, TOKEN};
use crate::row::{Row, contended};

impl Group {
    /// Asks the holder of a lease for it, by the way that the holder knows, and tells whether the request stands.
    pub(crate) async fn request_handoff(&self, listed: &LeaseRow, to: &WorkerId) -> Result<bool> {
        for _ in 0..TRIES {
            let Some(row) = self.row(listed.shard.as_str()).await? else {
                return Err(LeaseRow::missing("request a hand-off", &self.application, &listed.shard));
            };
            let holder = row.lease.holder();
            if holder.is_none()
                || holder != listed.owner.as_ref().map(WorkerId::as_str)
                || holder == Some(to.as_str())
                || row.lease.position.is_end()
            {
                return Ok(false);
            }
            let asked = match row.lease.heir() {
                Some(heir) if !row.is_in_vain() => return Ok(heir == to.as_str()),
                None if row.is_ours() => return self.ask_headwater(listed, to).await,
                None if self.has_leader() => self.ask_kcl_3(&row, to).await?,
                _ => self.take_for(&row, to).await?,
            };
            if asked {
                return Ok(true);
            }
        }
        Err(contended("request a hand-off", &self.application, &listed.shard))
    }

    /// Leaves the request where the owner, a Headwater worker, looks at each renewal.
    async fn ask_headwater(&self, listed: &LeaseRow, to: &WorkerId) -> Result<bool> {
        let me = || Some(text(to.as_str()));
        let request = note::change(&self.companion, listed.shard.as_str())
            .put(HANDOFF, me())
            .when(TOKEN, Some(number(listed.token.0)))
            .when_either([vec![(HANDOFF, None)], vec![(HANDOFF, me())]]);
        Ok(self.api.update_item(&request).await?.is_some())
    }

    /// Asks as a leader of KCL 3 does. The owner stores its checkpoint and hands over; the counter stays, so that its
    /// renewals go on.
    async fn ask_kcl_3(&self, row: &Row, to: &WorkerId) -> Result<bool> {
        let request = lease::change(&self.leases, &row.lease.shard)
            .set(OWNER, text(to.as_str()))
            .put(CHECKPOINT_OWNER, row.lease.holder().map(text));
        self.promise(request, row, to, row.lease.counter).await
    }

    /// Takes the lease for a worker, as workers of KCL 2 take from each other, and those of KCL 3 that have no leader: they
    /// know no requests, and find out at the next write that the lease is gone. What was not stored is read twice.
    async fn take_for(&self, row: &Row, to: &WorkerId) -> Result<bool> {
        let counter = row.lease.counter + 1;
        let taken = lease::change(&self.leases, &row.lease.shard)
            .set(OWNER, text(to.as_str()))
            .set(COUNTER, number(counter))
            .remove(CHECKPOINT_OWNER)
            .increment(OWNER_SWITCHES);
        self.promise(taken, row, to, counter).await
    }

    /// Writes the lease, and notes to whom it was promised. The token is one that nobody was given, so that no older
    /// lease of that worker comes to life again.
    async fn promise(&self, lease: Change, row: &Row, to: &WorkerId, token: u64) -> Result<bool> {
        let note = note::with(note::change(&self.companion, &row.lease.shard), token)
            .set(note::OWNER, text(to.as_str()))
            .set(TOKEN, number(token))
            .remove(HANDOFF);
        self.api.transact_write_items(&[as_read(lease, row), note]).await
    }
}
