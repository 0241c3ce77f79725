//! What both tables hold of one shard, and what it means.

use headwater::checkpoint::{
    Application, Checkpoint, Claim, FencingToken, Handoff, Lease, LeaseRow, WorkerId,
};
use headwater::{Error, ErrorKind, ShardId};

use crate::lease::LeaseItem;
use crate::note::Note;

/// How many writes of its lease a KCL may make before a request that it does not answer is in vain. It renews thrice in
/// its lease time, so that this is three minutes of KCL 3's defaults, whose own patience is 30 s.
const KCL_PATIENCE: u64 = 60;

/// A lease and its note, the lease read first: whatever changes both of them in between raises the lease's counter,
/// so that a write which expects the counter as it was read finds out.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) lease: LeaseItem,
    pub(crate) note: Note,
}

impl Row {
    /// Tells whether the last claim was that of a Headwater worker, so that the note speaks of it.
    pub(crate) fn is_ours(&self) -> bool {
        self.note.token.is_some() && self.note.owner.as_deref() == self.lease.holder()
    }

    /// Returns the token of the last claim. A KCL gives none; the counter stands for it, which is past every token that
    /// was given before and below every one to come.
    pub(crate) fn token(&self) -> FencingToken {
        let ours = self.note.token.filter(|_| self.is_ours());
        FencingToken(ours.unwrap_or(self.lease.counter))
    }

    /// Returns who waits for the lease: by the KCL's way, or by ours.
    pub(crate) fn heir(&self) -> Option<&str> {
        let asked = self.note.handoff.as_deref().filter(|_| self.is_ours());
        self.lease.heir().filter(|_| !self.is_in_vain()).or(asked)
    }

    /// Tells whether a KCL was asked for the lease by one of ours, and went on writing it as if it was not.
    pub(crate) fn is_in_vain(&self) -> bool {
        let is_asked_by_us = self.lease.heir().is_some() && self.note.owner.as_deref() == self.lease.heir();
        let asked_at = self.note.token.filter(|_| is_asked_by_us);
        asked_at.is_some_and(|asked_at| self.lease.counter >= asked_at + KCL_PATIENCE)
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let position = &self.lease.position;
        Checkpoint { position: position.read(self.note.at), arrival: self.note.arrival(position) }
    }

    /// Tells whether a lease is that of the last claim.
    pub(crate) fn is_held_by(&self, lease: &Lease) -> bool {
        self.is_ours() && self.lease.holder() == Some(lease.owner.as_str()) && self.token() == lease.token
    }

    /// Tells whether a claim is to be granted. One by the heir of a KCL has to wait like any other, until the KCL has
    /// left or its lease has expired: what it has not stored yet would be read twice.
    pub(crate) fn may_be_claimed(&self, claim: &Claim) -> bool {
        let free = self.lease.holder().is_none_or(|holder| holder == claim.worker.as_str());
        !self.lease.position.is_end() && (free || claim.expired == Some(self.lease.counter))
    }

    pub(crate) fn into_listed(self) -> LeaseRow {
        let token = self.token();
        LeaseRow {
            shard: ShardId::new(self.lease.shard.as_str()),
            owner: self.lease.holder().map(WorkerId::new),
            token,
            version: self.lease.counter,
            checkpoint: self.checkpoint(),
            handoff: self.heir().map(|to| Handoff { to: WorkerId::new(to), token }),
        }
    }

    /// Makes the error of a verb that needs the lease.
    pub(crate) fn lost(&self, verb: &str, lease: &Lease) -> Error {
        let owner = self.lease.holder().unwrap_or("nobody");
        Error::new(
            ErrorKind::LeaseLost,
            format!(
                "{verb} of {} of {}: it belongs to {owner} with token {}, and this worker is {} with token {}",
                lease.shard,
                lease.application,
                self.token(),
                lease.owner,
                lease.token,
            ),
        )
    }
}

/// Makes the error of a verb on a row that others write all the time.
pub(crate) fn contended(verb: &str, application: &Application, shard: &ShardId) -> Error {
    let context = format!("{verb} of {shard} of {application}: the row changed at every try");
    Error::new(ErrorKind::Throttled, context)
}
