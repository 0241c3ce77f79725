//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use headwater::Result;

use crate::SqliteCheckpoints;
use crate::writer::Writer;

/// Opens [`SqliteCheckpoints`] with other settings than the default ones.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use headwater_sqlite::SqliteCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoints.db");
/// let store = SqliteCheckpoints::builder(path).busy_timeout(Duration::from_secs(1)).open().await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteCheckpointsBuilder {
    path: PathBuf,
    busy_timeout: Duration,
}

impl SqliteCheckpointsBuilder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, busy_timeout: Duration::from_secs(5) }
    }

    /// Sets how long a verb waits for other processes that write, before it fails as `Unavailable`: 5 s by default.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Opens the file, and creates it if there is none; its directory must exist.
    ///
    /// # Errors
    ///
    /// `Store`, naming the path, if the file cannot be opened and written, is no SQLite database, or belongs to another
    /// program or to a newer version of this one; `Unavailable` if other processes kept it locked.
    pub async fn open(self) -> Result<SqliteCheckpoints> {
        SqliteCheckpoints::begin(Writer::start(self.path, self.busy_timeout).await?).await
    }
}
