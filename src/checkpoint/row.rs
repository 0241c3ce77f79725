//! The verbs of the contract as changes of one row.

use crate::checkpoint::{Application, Checkpoint, Claim, FencingToken, Handoff, Lease, LeaseRow, WorkerId};
use crate::{Error, ErrorKind, Position, Result, ShardId};

/// The rules of [`CheckpointStore`](super::CheckpointStore), for a store that reads and writes a row in one
/// transaction: read the row, apply the verb, write the row back if the verb succeeded.
///
/// A verb that fails leaves the row as it was.
///
/// # Example
///
/// ```
/// use headwater::Position;
/// use headwater::checkpoint::{Application, Claim, FencingToken, LeaseRow, WorkerId};
///
/// # fn main() -> headwater::Result<()> {
/// let mut claim = Claim {
///     application: Application::new("billing", "orders"),
///     shard: "shardId-000000000000".into(),
///     worker: WorkerId::new("first"),
///     expired: None,
///     initial: Position::Beginning.into(),
/// };
/// let (mut row, lost) = LeaseRow::create(&claim);
///
/// claim.worker = WorkerId::new("second");
/// assert!(row.claim(&claim).is_none(), "the first worker holds it");
/// claim.expired = Some(row.version);
/// let held = row.claim(&claim).expect("its version did not change for the lease time");
/// assert_eq!(held.token, FencingToken(2));
///
/// assert!(row.renew(&lost).is_err());
/// row.release(&held, None)?;
/// assert_eq!(row.owner, None);
/// # Ok(())
/// # }
/// ```
impl LeaseRow {
    /// Makes the row of a shard that had none, held by the claimer.
    pub fn create(claim: &Claim) -> (Self, Lease) {
        let row = Self {
            shard: claim.shard.clone(),
            owner: Some(claim.worker.clone()),
            token: FencingToken(1),
            version: 1,
            checkpoint: claim.initial.clone(),
            handoff: None,
        };
        let lease = row.lease_for(claim);
        (row, lease)
    }

    /// Takes the lease, or returns `None` if another worker holds it or the shard is finished.
    pub fn claim(&mut self, claim: &Claim) -> Option<Lease> {
        if self.checkpoint.position == Position::End {
            return None;
        }
        let free = self.owner.as_ref().is_none_or(|owner| *owner == claim.worker);
        if !free && claim.expired != Some(self.version) {
            return None;
        }
        self.owner = Some(claim.worker.clone());
        self.token.0 += 1;
        self.version += 1;
        self.handoff = None;
        Some(self.lease_for(claim))
    }

    /// Changes the version and nothing else.
    ///
    /// # Errors
    ///
    /// `LeaseLost` if the row has another owner or token than the lease.
    pub fn renew(&mut self, lease: &Lease) -> Result<Lease> {
        self.check_held(lease, "renew the lease")?;
        self.version += 1;
        Ok(self.renewed(lease))
    }

    /// Moves the checkpoint forward and renews.
    ///
    /// # Errors
    ///
    /// `LeaseLost` if the row has another owner or token than the lease; `Conflict` if the position is lower than
    /// the stored one.
    pub fn commit(&mut self, lease: &Lease, checkpoint: &Checkpoint) -> Result<Lease> {
        self.check_held(lease, "commit a checkpoint")?;
        if checkpoint.position < self.checkpoint.position {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "commit a checkpoint of {} of {}: {} is before {}, which is stored",
                    lease.shard, lease.application, checkpoint.position, self.checkpoint.position,
                ),
            ));
        }
        // The same position again is a renewal: what else was stored with it stays.
        if checkpoint.position > self.checkpoint.position {
            self.checkpoint = checkpoint.clone();
        }
        self.version += 1;
        Ok(self.renewed(lease))
    }

    /// Gives the lease up, to one worker or to anyone.
    ///
    /// # Errors
    ///
    /// `LeaseLost` if the row has another owner or token than the lease.
    pub fn release(&mut self, lease: &Lease, to: Option<&WorkerId>) -> Result<()> {
        self.check_held(lease, "release the lease")?;
        self.owner = to.cloned();
        self.version += 1;
        self.handoff = None;
        Ok(())
    }

    /// Records a request for the lease, made against the row as it was listed. Returns whether it stands.
    ///
    /// The version stays: a request proves nothing about the life of the owner.
    pub fn request_handoff(&mut self, listed: &Self, to: &WorkerId) -> bool {
        let current = self.owner.is_some() && self.owner == listed.owner && self.token == listed.token;
        if !current || self.owner.as_ref() == Some(to) || self.checkpoint.position == Position::End {
            return false;
        }
        let standing = self.handoff.get_or_insert_with(|| Handoff { to: to.clone(), token: self.token });
        standing.to == *to
    }

    /// Makes the free row of a shard that had none, at a checkpoint that an operator gave.
    pub fn free(shard: &ShardId, checkpoint: &Checkpoint) -> Self {
        Self {
            shard: shard.clone(),
            owner: None,
            token: FencingToken(0),
            version: 1,
            checkpoint: checkpoint.clone(),
            handoff: None,
        }
    }

    /// Returns the row at a checkpoint that an operator gave, whatever was stored, taken from whoever holds it.
    pub fn reset(self, checkpoint: &Checkpoint) -> Self {
        let version = self.version + 1;
        Self { owner: None, version, checkpoint: checkpoint.clone(), handoff: None, ..self }
    }

    /// Makes the `NotFound` error of a verb on a shard that has no row.
    pub fn missing(verb: &str, application: &Application, shard: &ShardId) -> Error {
        Error::new(ErrorKind::NotFound, format!("{verb} of {shard} of {application}: there is no such lease"))
    }

    fn check_held(&self, lease: &Lease, verb: &str) -> Result<()> {
        if self.owner.as_ref() == Some(&lease.owner) && self.token == lease.token {
            return Ok(());
        }
        let owner = self.owner.as_ref().map_or("nobody", WorkerId::as_str);
        Err(Error::new(
            ErrorKind::LeaseLost,
            format!(
                "{verb} of {} of {}: it belongs to {owner} with token {}, and this worker is {} with token {}",
                lease.shard, lease.application, self.token, lease.owner, lease.token,
            ),
        ))
    }

    fn lease_for(&self, claim: &Claim) -> Lease {
        Lease {
            application: claim.application.clone(),
            shard: claim.shard.clone(),
            owner: claim.worker.clone(),
            token: self.token,
            version: self.version,
            checkpoint: self.checkpoint.clone(),
            handoff: None,
        }
    }

    fn renewed(&self, lease: &Lease) -> Lease {
        Lease {
            version: self.version,
            checkpoint: self.checkpoint.clone(),
            handoff: self.handoff.as_ref().map(|handoff| handoff.to.clone()),
            ..lease.clone()
        }
    }
}
