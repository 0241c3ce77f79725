//! Checkpoints that come from elsewhere.

use crate::group::{Export, Group, OnHeld, Report};
use crate::{Error, ErrorKind, Position, Result};

impl Group {
    /// Stores the checkpoints of an export, which may be of another application or of another store, whatever is stored
    /// now, and frees their shards. Shards that the export does not name stay as they are. If this application has no
    /// start recorded, that of the export becomes its own.
    ///
    /// # Errors
    ///
    /// Before anything is written: `Invalid` if the export is of another stream, whose sequence numbers mean nothing
    /// here, or holds one that is no number; `Conflict` if a worker holds one of the shards, unless
    /// [`Take`](OnHeld::Take) allows it. After that the [`Report`]
    /// tells of each shard.
    ///
    /// # Cancel safety
    ///
    /// Each shard is imported or is not; to import again does the rest.
    pub async fn import(&self, export: &Export, on_held: OnHeld) -> Result<Report> {
        let what = format!("import checkpoints of {} into {}", export.application, self.application);
        let invalid = |why: &str| Err(Error::new(ErrorKind::Invalid, format!("{what}: {why}")));
        if export.application.stream != self.application.stream {
            return invalid("the streams differ, and a sequence number means nothing in another stream");
        }
        for (shard, checkpoint) in &export.checkpoints {
            if let Position::After { sequence, .. } = &checkpoint.position
                && !sequence.is_valid()
            {
                return invalid(&format!("{shard}: \"{sequence}\" is no number of 1 to 129 digits"));
            }
        }
        let rows = self.rows().await?;
        Self::check_free(&what, on_held, &rows, export.checkpoints.keys())?;
        // Before the rows, so that a worker which starts meanwhile finds it and does not record its own.
        if let Some(start) = &export.start {
            self.store.start(&self.application, start.clone()).await?;
        }
        Ok(self.write(what, &rows, export.checkpoints.clone()).await)
    }
}
