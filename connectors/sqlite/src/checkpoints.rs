//! The store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, Lease, LeaseRow, LeaseWrite, WorkerId,
    WorkerRow,
};
use headwater::{Result, ShardId};
use rusqlite::Connection;

use crate::SqliteCheckpointsBuilder;
use crate::locks::WorkerLocks;
use crate::writer::{BATCH, Writer};
use crate::{lease, start, worker};

/// Keeps leases and checkpoints in one SQLite file.
///
/// Any number of processes on one machine may share the file; it must be on a local disk, because network file systems
/// do not keep SQLite's locks. Clones share one thread that does the work.
///
/// Every verb is one transaction that takes the write lock before it reads, and is on the disk before it is answered
/// (`synchronous=FULL`): a crash or a power cut takes back neither a checkpoint nor a claim, so no fencing token is
/// ever given out twice. Verbs that wait at the same time share one sync of the disk, and each still fails alone.
///
/// A worker that was killed is not waited for. While a store acts for a worker it holds an OS lock on a file beside the
/// database, `<file>-worker-<name>`. The OS lets go of it when the process ends, however it ends, so who finds the file
/// unlocked knows that the worker is dead: its leases are free at once, and it is forgotten. Where there is no such file,
/// or it cannot be opened, or the worker's name is too long for one (120 bytes), nothing is proven, and leases expire as
/// in any store. Files that earlier runs left are removed when the database is opened.
///
/// A process that is frozen keeps its lock. In the middle of a write, which lasts as long as a sync of the disk, it keeps
/// the database locked as well: everybody's verbs are `Unavailable` until it wakes or is killed.
///
/// The tables can be read with any SQLite shell: `SELECT shard, owner, position, sequence FROM leases`.
///
/// # Errors
///
/// A locked file is `Unavailable` after the busy timeout; a full disk, a file that cannot be written and a damaged one
/// are `Store`. Each names the verb and the path.
///
/// # Example
///
/// ```
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, WorkerId};
/// use headwater::Position;
/// use headwater_sqlite::SqliteCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoints.db");
/// let store = SqliteCheckpoints::open(&path).await?;
/// let claim = Claim {
///     application: Application::new("billing", "orders"),
///     shard: "shardId-000000000000".into(),
///     worker: WorkerId::unique(),
///     expired: None,
///     initial: Position::Beginning.into(),
/// };
/// let lease = store.claim(&claim).await?.expect("nobody else wants it");
/// let done = Position::After { sequence: "7".into(), sub_sequence: None };
/// store.commit(&lease, &done.clone().into()).await?;
///
/// let another = SqliteCheckpoints::open(&path).await?;
/// assert_eq!(another.list(&claim.application).await?[0].checkpoint.position, done);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteCheckpoints {
    pub(crate) writer: Writer,
    locks: Arc<WorkerLocks>,
}

impl SqliteCheckpoints {
    pub(crate) async fn begin(writer: Writer) -> Result<Self> {
        let locks = Arc::new(WorkerLocks::beside(writer.path()));
        let store = Self { writer, locks: Arc::clone(&locks) };
        let sweep = move |connection: &Connection| locks.sweep(connection).map(Ok);
        store.writer.run("look for dead workers", sweep).await?;
        Ok(store)
    }

    /// Opens the file with the default settings, and creates it if there is none; its directory must exist.
    ///
    /// # Errors
    ///
    /// As [`SqliteCheckpointsBuilder::open`].
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(path).open().await
    }

    /// Begins to open the file at this path.
    pub fn builder(path: impl Into<PathBuf>) -> SqliteCheckpointsBuilder {
        SqliteCheckpointsBuilder::new(path.into())
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        self.writer.path()
    }

    /// Changes the row of a shard by a verb of a worker, and writes it back if the verb succeeded.
    async fn change<T: Send + 'static>(
        &self,
        name: &'static str,
        (application, shard, worker): (&Application, &ShardId, &WorkerId),
        mut verb: impl FnMut(&mut LeaseRow) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (application, shard, worker) = (application.clone(), shard.clone(), worker.clone());
        let locks = Arc::clone(&self.locks);
        let change = self.writer.run(name, move |connection| {
            if let Err(error) = locks.hold(&worker) {
                return Ok(Err(error));
            }
            lease::change(connection, name, &application, &shard, &mut verb)
        });
        change.await
    }

    /// Does many writes in one transaction.
    async fn write_all(&self, writes: &[LeaseWrite]) -> Result<Vec<Result<Lease>>> {
        let writes: Vec<_> = writes
            .iter()
            .map(|write| (write.lease.clone(), write.checkpoint.as_ref().map(Checkpoint::to_the_millisecond)))
            .collect();
        let locks = Arc::clone(&self.locks);
        let write_all = self.writer.run("write the leases", move |connection| {
            let write = |(held, checkpoint): &(Lease, Option<Checkpoint>)| {
                if let Err(error) = locks.hold(&held.owner) {
                    return Ok(Err(error));
                }
                let (name, mut verb) = lease_verb(held, checkpoint.as_ref());
                lease::change(connection, name, &held.application, &held.shard, &mut verb)
            };
            writes.iter().map(write).collect::<rusqlite::Result<Vec<_>>>().map(Ok)
        });
        write_all.await
    }

    async fn write_one(&self, write: &LeaseWrite) -> Result<Lease> {
        match &write.checkpoint {
            Some(checkpoint) => self.commit(&write.lease, checkpoint).await,
            None => self.renew(&write.lease).await,
        }
    }
}

fn place(lease: &Lease) -> (&Application, &ShardId, &WorkerId) {
    (&lease.application, &lease.shard, &lease.owner)
}

/// Returns the verb that writes a lease, and its name.
fn lease_verb<'a>(
    held: &'a Lease,
    checkpoint: Option<&'a Checkpoint>,
) -> (&'static str, impl FnMut(&mut LeaseRow) -> Result<Lease> + use<'a>) {
    let verb = move |row: &mut LeaseRow| match checkpoint {
        Some(checkpoint) => row.commit(held, checkpoint),
        None => row.renew(held),
    };
    (if checkpoint.is_some() { "commit a checkpoint" } else { "renew the lease" }, verb)
}

impl CheckpointStore for SqliteCheckpoints {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        let application = application.clone();
        let record =
            move |connection: &Connection| start::record(connection, &application, &proposed).map(Ok);
        self.writer.run("record the start", record).boxed()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        let claim = Claim { initial: claim.initial.to_the_millisecond(), ..claim.clone() };
        let locks = Arc::clone(&self.locks);
        let take = move |connection: &Connection| {
            if let Err(error) = locks.hold(&claim.worker) {
                return Ok(Err(error));
            }
            let mut stored = lease::get(connection, &claim.application, &claim.shard)?;
            let owner = stored.as_ref().and_then(|row| row.owner.clone());
            if locks.bury(connection, owner.as_ref())? {
                stored = lease::get(connection, &claim.application, &claim.shard)?;
            }
            let (row, lease) = match stored {
                Some(mut row) => match row.claim(&claim) {
                    Some(lease) => (row, lease),
                    None => return Ok(Ok(None)),
                },
                None => LeaseRow::create(&claim),
            };
            lease::put(connection, &claim.application, &row)?;
            Ok(Ok(Some(lease)))
        };
        self.writer.run("claim a lease", take).boxed()
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        let held = lease.clone();
        let renew = move |row: &mut LeaseRow| row.renew(&held);
        self.change("renew the lease", place(lease), renew).boxed()
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        let (held, checkpoint) = (lease.clone(), checkpoint.to_the_millisecond());
        let commit = move |row: &mut LeaseRow| row.commit(&held, &checkpoint);
        self.change("commit a checkpoint", place(lease), commit).boxed()
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        let (held, to) = (lease.clone(), to.cloned());
        let release = move |row: &mut LeaseRow| row.release(&held, to.as_ref());
        self.change("release the lease", place(lease), release).boxed()
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        let (listed, heir) = (row.clone(), to.clone());
        let request = move |row: &mut LeaseRow| Ok(row.request_handoff(&listed, &heir));
        self.change("request a hand-off", (application, &row.shard, to), request).boxed()
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        let application = application.clone();
        let locks = Arc::clone(&self.locks);
        let list = move |connection: &Connection| {
            let rows = lease::list(connection, &application)?;
            let dead = locks.bury(connection, rows.iter().filter_map(|row| row.owner.as_ref()))?;
            if dead { lease::list(connection, &application).map(Ok) } else { Ok(Ok(rows)) }
        };
        self.writer.run("list the leases", list).boxed()
    }

    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        let all = async move {
            match self.write_all(writes).await {
                Ok(answers) => stream::iter(answers).enumerate().boxed(),
                // What fails for all is told to each of them.
                Err(error) if error.is_retryable() => {
                    stream::iter(0..writes.len()).map(move |index| (index, Err(error.restate()))).boxed()
                }
                // One row that cannot be read or written must not fail the others.
                Err(_) => stream::iter(writes.iter().enumerate())
                    .map(async |(index, write)| (index, self.write_one(write).await))
                    .buffer_unordered(BATCH)
                    .boxed(),
            }
        };
        all.flatten_stream().boxed()
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        let (application, shard, listed) = (application.clone(), shard.clone(), listed.cloned());
        let checkpoint = checkpoint.to_the_millisecond();
        let reset = move |connection: &Connection| {
            let stored = lease::get(connection, &application, &shard)?;
            let as_listed = stored.as_ref().map(|row| row.version) == listed.as_ref().map(|row| row.version);
            if as_listed {
                let row =
                    stored.map_or_else(|| LeaseRow::free(&shard, &checkpoint), |row| row.reset(&checkpoint));
                lease::put(connection, &application, &row)?;
            }
            Ok(Ok(as_listed))
        };
        self.writer.run("reset a checkpoint", reset).boxed()
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        let application = application.clone();
        let look = move |connection: &Connection| start::get(connection, &application).map(Ok);
        self.writer.run("look for the start", look).boxed()
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        let (application, worker) = (application.clone(), worker.clone());
        let locks = Arc::clone(&self.locks);
        let announce = move |connection: &Connection| {
            if let Err(error) = locks.hold(&worker) {
                return Ok(Err(error));
            }
            worker::announce(connection, &application, &worker, max_shards).map(Ok)
        };
        self.writer.run("announce a worker", announce).boxed()
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        let application = application.clone();
        let locks = Arc::clone(&self.locks);
        let list = move |connection: &Connection| {
            let rows = worker::list(connection, &application)?;
            let dead = locks.bury(connection, rows.iter().map(|row| &row.worker))?;
            if dead { worker::list(connection, &application).map(Ok) } else { Ok(Ok(rows)) }
        };
        self.writer.run("list the workers", list).boxed()
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        let (application, listed) = (application.clone(), listed.clone());
        let retire = move |connection: &Connection| worker::retire(connection, &application, &listed).map(Ok);
        self.writer.run("retire a worker", retire).boxed()
    }
}
