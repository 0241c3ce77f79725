//! Checkpoints that async-kinesis left.

use std::time::{Duration, SystemTime};

use headwater::checkpoint::{Application, Checkpoint, CheckpointStore as _, LeaseRow};
use headwater::{Position, Result, ShardId};
use serde::Deserialize;

use crate::RedisCheckpoints;
use crate::scan;

/// Takes over the checkpoints that async-kinesis left in Redis: begun by
/// [`import_async_kinesis`](RedisCheckpoints::import_async_kinesis).
///
/// Its keys, `pyredis-{name}-{shard}`, are looked for on every node and left as they are. Each checkpoint becomes the row of
/// its shard, free for any worker; reading goes on after the sequence number. Stop the consumers of async-kinesis first.
///
/// # Cancel safety
///
/// Dropped in the middle, it has imported some shards; run again, it skips those.
///
/// # Example
///
/// ```no_run
/// use headwater::checkpoint::Application;
/// use headwater_redis::RedisCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = RedisCheckpoints::from_env().await?;
/// let application = Application::new("billing", "orders");
/// let imported = store.import_async_kinesis(&application, "billing-consumers").run().await?;
/// for (shard, why) in &imported.skipped {
///     println!("{shard} was not imported: {why}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is imported before `run`"]
pub struct AsyncKinesisImport {
    store: RedisCheckpoints,
    application: Application,
    name: String,
    session_timeout: Duration,
    overwrite: bool,
    ignore_owners: bool,
}

/// What became of the checkpoints of async-kinesis.
///
/// # Example
///
/// See [`AsyncKinesisImport`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedCheckpoints {
    /// The shards that were imported, with what is stored for them now, ordered by shard.
    pub imported: Vec<(ShardId, Checkpoint)>,
    /// The shards that were not, and why, ordered by shard.
    pub skipped: Vec<(ShardId, ImportSkipped)>,
}

/// Why a checkpoint of async-kinesis was not imported. It displays with the way out.
///
/// # Example
///
/// ```
/// use headwater_redis::ImportSkipped;
///
/// assert_eq!(ImportSkipped::HasRow.to_string(), "it has a row already: overwrite() replaces it");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportSkipped {
    /// The shard has a row already; [`overwrite`](AsyncKinesisImport::overwrite) replaces it.
    HasRow,
    /// The row of the shard changed, or came, while it was being imported.
    RowChanged,
    /// A consumer of async-kinesis gave a sign of life within its session timeout: stop it, or
    /// [`ignore_owners`](AsyncKinesisImport::ignore_owners).
    OwnerLives {
        /// The name of the consumer's checkpointer, and its id.
        owner: String,
    },
    /// A consumer had taken the shard and stored no checkpoint yet.
    NothingStored,
    /// The value is not what async-kinesis writes.
    Unreadable(String),
}

/// What async-kinesis stores of a shard.
#[derive(Deserialize)]
struct Stored {
    /// The consumer that has the shard, if one does.
    #[serde(rename = "ref")]
    owner: Option<String>,
    /// When it last said so, in seconds since 1970.
    ts: Option<i64>,
    sequence: Option<String>,
}

impl AsyncKinesisImport {
    pub(crate) fn new(store: RedisCheckpoints, application: Application, name: String) -> Self {
        Self {
            store,
            application,
            name,
            session_timeout: Duration::from_mins(1),
            overwrite: false,
            ignore_owners: false,
        }
    }

    /// Sets the `session_timeout` that the consumers were given, after which a silent one counts as dead: 60 s by default, as
    /// there. It is judged by this machine's clock.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// Replaces rows that exist, whatever they store, and takes their leases from whoever holds them.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Imports checkpoints of consumers that seem to live, too. What those store later is not seen.
    pub fn ignore_owners(mut self) -> Self {
        self.ignore_owners = true;
        self
    }

    /// Imports what is found.
    ///
    /// # Errors
    ///
    /// As the verbs of [`RedisCheckpoints`]. What was imported before the error stays, and is skipped by the next run.
    pub async fn run(self) -> Result<ImportedCheckpoints> {
        let rows = self.store.list(&self.application).await?;
        let mut outcome = ImportedCheckpoints::default();
        for (shard, value) in self.found().await? {
            let row = rows.iter().find(|row| row.shard == shard);
            match self.judge(&value, row) {
                Err(why) => outcome.skipped.push((shard, why)),
                Ok(checkpoint) => {
                    let reset = self.store.reset(&self.application, &shard, row, &checkpoint);
                    if reset.await? {
                        outcome.imported.push((shard, checkpoint));
                    } else {
                        outcome.skipped.push((shard, ImportSkipped::RowChanged));
                    }
                }
            }
        }
        Ok(outcome)
    }

    /// Finds the values of this name, ordered by shard. A longer name that begins with this one has other shards.
    async fn found(&self) -> Result<Vec<(ShardId, String)>> {
        let prefix = &format!("pyredis-{}-", self.name);
        let (link, mut found) = (&self.store.link, Vec::new());
        let failed =
            |what: String| move |failure: crate::error::Failure| failure.during(&what, link.address());
        let of_name = |connection| scan::keys(connection, prefix);
        let keys = link.exchange(of_name).await;
        for key in keys.map_err(failed(format!("look for checkpoints of \"{}\"", self.name)))? {
            let Some(shard) = key.strip_prefix(prefix).filter(|shard| is_shard(shard)) else { continue };
            let value = link.read::<Option<String>>(redis::cmd("GET").arg(&key)).await;
            if let Some(value) = value.map_err(failed(format!("read \"{key}\"")))? {
                found.push((ShardId::from(shard), value));
            }
        }
        Ok(found)
    }

    /// Returns what is to be stored, or why nothing is.
    fn judge(&self, value: &str, row: Option<&LeaseRow>) -> Result<Checkpoint, ImportSkipped> {
        let stored: Stored =
            serde_json::from_str(value).map_err(|error| ImportSkipped::Unreadable(error.to_string()))?;
        if let (Some(owner), Some(ts), false) = (stored.owner, stored.ts, self.ignore_owners)
            && seconds_since_1970().saturating_sub(ts) < self.session_timeout.as_secs().cast_signed()
        {
            return Err(ImportSkipped::OwnerLives { owner });
        }
        if row.is_some() && !self.overwrite {
            return Err(ImportSkipped::HasRow);
        }
        let sequence = stored.sequence.ok_or(ImportSkipped::NothingStored)?;
        if sequence.is_empty() || !sequence.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ImportSkipped::Unreadable(format!("\"{sequence}\" is no sequence number")));
        }
        Ok(Position::After { sequence: sequence.as_str().into(), sub_sequence: None }.into())
    }
}

fn seconds_since_1970() -> i64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs().cast_signed())
}

/// Tells whether this is the name of a shard, and not the end of another checkpointer's name with one.
fn is_shard(name: &str) -> bool {
    let digits = name.strip_prefix("shardId-").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl std::fmt::Display for ImportSkipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HasRow => f.write_str("it has a row already: overwrite() replaces it"),
            Self::RowChanged => f.write_str("its row changed meanwhile"),
            Self::OwnerLives { owner } => {
                write!(f, "{owner} still reads it: stop that consumer, or ignore_owners()")
            }
            Self::NothingStored => f.write_str("no checkpoint was stored"),
            Self::Unreadable(cause) => write!(f, "its value was not written by async-kinesis: {cause}"),
        }
    }
}
