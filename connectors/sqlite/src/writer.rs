//! The one thread that touches the file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use headwater::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::connection;
use crate::error::{failed, is_busy};

/// How many verbs may wait for the thread before the next caller waits as well.
const QUEUE: usize = 256;

/// How many verbs share one transaction, and with it one sync of the disk.
pub(crate) const BATCH: usize = 64;

/// A handle of the thread, which ends when the last handle is dropped.
///
/// SQLite blocks, so it has a thread of its own. What queued up while the disk synced is committed together.
#[derive(Clone)]
pub(crate) struct Writer {
    path: Arc<Path>,
    jobs: mpsc::Sender<Box<dyn Job>>,
}

/// A verb that waits for its transaction.
trait Job: Send {
    /// Tells whether the caller still wants it.
    fn is_wanted(&self) -> bool;

    /// Does the verb. What it came to is kept until the transaction is committed. May be called again in another
    /// transaction if that one failed.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Answers, when the transaction is committed or failed.
    fn answer(self: Box<Self>, path: &Path, transaction: Result<(), &rusqlite::Error>);
}

struct Verb<T, F> {
    name: &'static str,
    work: F,
    /// What the verb came to; not to be told before the commit.
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl Writer {
    /// Starts the thread and opens the file.
    pub(crate) async fn start(path: PathBuf, busy_timeout: Duration) -> Result<Self> {
        let path: Arc<Path> = path.into();
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (opened, is_open) = oneshot::channel();
        let writer = Self { path: path.clone(), jobs };
        let serve = move || match connection::open(&path, busy_timeout) {
            Ok(connection) => {
                // Nobody waits for the answer any more: the caller has gone, and its handle with it.
                let _gone = opened.send(Ok(()));
                serve(connection, &path, queue);
            }
            Err(error) => {
                let _gone = opened.send(Err(error));
            }
        };
        let spawned = thread::Builder::new().name("headwater-sqlite".into()).spawn(serve);
        spawned.map_err(|error| writer.gone("open checkpoints").caused_by(error))?;
        is_open.await.map_err(|_| writer.gone("open checkpoints"))??;
        Ok(writer)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Does a verb in a transaction that holds the write lock from its beginning.
    ///
    /// The outer result of `work` is SQLite's, and makes the transaction fail; the inner one is the verb's own.
    ///
    /// Cancel safe: a verb whose future was dropped is done whole or not at all.
    pub(crate) async fn run<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> rusqlite::Result<Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Verb { name, work, outcome: None, reply });
        self.jobs.send(job).await.map_err(|_| self.gone(name))?;
        answer.await.map_err(|_| self.gone(name))?
    }

    fn gone(&self, verb: &str) -> Error {
        Error::new(ErrorKind::Store, format!("{verb} in \"{}\": its thread is gone", self.path.display()))
    }
}

/// Serves verbs until nobody can ask for any.
fn serve(mut connection: Connection, path: &Path, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        batch.retain(|job| job.is_wanted());
        match transact(&mut connection, &mut batch) {
            // One verb that cannot be done must not fail its neighbours: each gets a transaction of its own. A
            // locked file is locked for all of them.
            Err(error) if batch.len() > 1 && !is_busy(&error) => {
                for mut job in batch.drain(..) {
                    let outcome = transact(&mut connection, std::slice::from_mut(&mut job));
                    job.answer(path, outcome.as_ref().copied());
                }
            }
            outcome => {
                for job in batch.drain(..) {
                    job.answer(path, outcome.as_ref().copied());
                }
            }
        }
    }
}

fn transact(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        job.run(&transaction)?;
    }
    transaction.commit()
}

impl<T, F> Job for Verb<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> rusqlite::Result<Result<T>> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.outcome = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, path: &Path, transaction: Result<(), &rusqlite::Error>) {
        let outcome = match (transaction, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => return,
            (Err(error), _) => Err(failed(self.name, path, error)),
        };
        // A caller that has gone does not want to know.
        let _gone = self.reply.send(outcome);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}
