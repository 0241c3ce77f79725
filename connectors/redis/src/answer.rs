//! What scripts on rows answer.

use headwater::checkpoint::{Application, Checkpoint, Lease, LeaseRow};
use headwater::{Error, ErrorKind, Result, ShardId};

/// Whether a verb was done, and the row as it is now.
pub(crate) struct Answer {
    pub(crate) done: bool,
    pub(crate) row: LeaseRow,
}

/// What a script answers: nothing where there is no row.
pub(crate) type Raw = Option<(bool, Vec<u8>)>;

/// Reads an answer.
///
/// # Errors
///
/// `NotFound` where there is no row; `Store` for a row that cannot be read.
pub(crate) fn read(verb: &str, application: &Application, shard: &ShardId, raw: Raw) -> Result<Answer> {
    let (done, text) = raw.ok_or_else(|| LeaseRow::missing(verb, application, shard))?;
    Ok(Answer { done, row: row(application, shard, &text)? })
}

/// Reads a row.
pub(crate) fn row(application: &Application, shard: &ShardId, text: &[u8]) -> Result<LeaseRow> {
    crate::row::read(shard, text).map_err(|cause| {
        Error::new(ErrorKind::Store, format!("read the row of {shard} of {application}")).caused_by(cause)
    })
}

impl Answer {
    /// Returns the lease after a renewal or a commit, or why that was refused.
    pub(crate) fn written(mut self, lease: &Lease, checkpoint: Option<&Checkpoint>) -> Result<Lease> {
        if self.done {
            return Ok(Lease {
                version: self.row.version,
                checkpoint: self.row.checkpoint,
                handoff: self.row.handoff.map(|handoff| handoff.to),
                ..lease.clone()
            });
        }
        let refused = match checkpoint {
            Some(checkpoint) => self.row.commit(lease, checkpoint),
            None => self.row.renew(lease),
        };
        Err(refused.err().unwrap_or_else(|| disagreement(lease)))
    }

    /// Returns why a release was refused, if it was.
    pub(crate) fn released(mut self, lease: &Lease) -> Result<()> {
        if self.done {
            return Ok(());
        }
        Err(self.row.release(lease, None).err().unwrap_or_else(|| disagreement(lease)))
    }
}

/// The scripts refused what the rules in Rust allow.
fn disagreement(lease: &Lease) -> Error {
    let Lease { shard, application, .. } = lease;
    let what = format!(
        "write the row of {shard} of {application}: the server refused it and its row does not say why"
    );
    Error::new(ErrorKind::Store, what)
}
