//! Which workers of this machine are dead, as far as that can be proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use headwater::checkpoint::WorkerId;
use headwater::{Error, ErrorKind, Result};
use rusqlite::Connection;

use crate::{lease, worker};

/// What stands between the name of the database and that of the worker.
const MARK: &str = "-worker-";

/// The longest that a worker's name may be as the name of a file. File systems allow 143 bytes at least, most 255.
const LONGEST_NAME: usize = 120;

/// The locks that a store holds for the workers it acts for, one file each.
///
/// The lock is shared, so that two processes with one worker's name both count; only who gets it alone knows that nobody
/// acts for the worker any more. Locks are taken and tried while the caller holds the write lock of the database, which
/// keeps a worker that comes back from being buried.
#[derive(Debug)]
pub(crate) struct WorkerLocks {
    database: PathBuf,
    held: Mutex<BTreeMap<WorkerId, Option<Held>>>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    file: File,
}

impl WorkerLocks {
    pub(crate) fn beside(database: &Path) -> Self {
        Self { database: database.to_owned(), held: Mutex::default() }
    }

    /// Holds the lock of a worker from now on. Must come before anything is written in its name.
    pub(crate) fn hold(&self, worker: &WorkerId) -> Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.contains_key(worker) {
            held.insert(worker.clone(), self.lock(worker)?);
        }
        Ok(())
    }

    /// Frees what the dead among these workers held, and forgets them. Tells whether there were any.
    pub(crate) fn bury<'a>(
        &self,
        connection: &Connection,
        workers: impl IntoIterator<Item = &'a WorkerId>,
    ) -> rusqlite::Result<bool> {
        let mut buried = false;
        for dead in workers.into_iter().collect::<BTreeSet<_>>() {
            let Some(Held { path, file }) = self.take_from_the_dead(dead) else { continue };
            lease::free(connection, dead)?;
            worker::forget(connection, dead)?;
            // A file that stays does no harm: nobody is named by it any more.
            let _stays = fs::remove_file(path);
            drop(file);
            tracing::info!(worker = %dead, "its process has ended; its leases are free");
            buried = true;
        }
        Ok(buried)
    }

    /// Locks the file of a worker. One that is not there and cannot be made proves nothing, to anybody; one that is
    /// there and stays unlocked would prove this worker dead.
    fn lock(&self, worker: &WorkerId) -> Result<Option<Held>> {
        let Some(path) = self.path(worker) else { return Ok(None) };
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        match opened.and_then(|file| file.lock_shared().map(|()| file)) {
            Ok(file) => Ok(Some(Held { path, file })),
            Err(_) if !path.exists() => Ok(None),
            Err(error) => {
                let context = format!("lock \"{}\" for worker {worker}", path.display());
                Err(Error::new(ErrorKind::Store, context).caused_by(error))
            }
        }
    }

    fn take_from_the_dead(&self, worker: &WorkerId) -> Option<Held> {
        let path = self.path(worker)?;
        let file = File::open(&path).ok()?;
        file.try_lock().ok().map(|()| Held { path, file })
    }

    /// Buries all whose files are unlocked, and so those whose files an earlier run left behind.
    pub(crate) fn sweep(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (Some(directory), Some(file)) = (self.database.parent(), self.database.file_name()) else {
            return Ok(());
        };
        let here = Path::new(".");
        // A directory that cannot be read proves nothing about anybody.
        let Ok(entries) = fs::read_dir(if directory.as_os_str().is_empty() { here } else { directory })
        else {
            return Ok(());
        };
        let begin = format!("{}{MARK}", file.to_string_lossy());
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let workers: Vec<_> = names.filter_map(|name| decode(name.strip_prefix(&begin)?)).collect();
        self.bury(connection, &workers).map(drop)
    }

    /// Returns the file of a worker, or `None` where its name is too long for one.
    fn path(&self, worker: &WorkerId) -> Option<PathBuf> {
        let name = encode(worker);
        let mut path = self.database.clone().into_os_string();
        path.push(MARK);
        path.push(&name);
        (name.len() <= LONGEST_NAME).then(|| path.into())
    }
}

/// Returns a name in small letters and digits, any other byte as `%` and its number: file systems differ in what they
/// tell apart.
fn encode(worker: &WorkerId) -> String {
    worker.as_str().bytes().fold(String::new(), |mut name, byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => name.push(byte.into()),
            _ => write!(name, "%{byte:02x}").expect("a string takes all"),
        }
        name
    })
}

/// Returns the worker that a file is of; `None` if it is of none.
fn decode(name: &str) -> Option<WorkerId> {
    let mut pieces = name.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    let worker = WorkerId::new(String::from_utf8(bytes).ok()?);
    (encode(&worker) == name).then_some(worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_has_a_file_of_its_own_and_each_file_is_of_one_worker() {
        for name in ["pod-7", "Pod-7", "a/b", "..", "naïve-日本語", "a%2fb", "a b", "", "-worker-"] {
            let worker = WorkerId::new(name);
            let file = encode(&worker);
            assert!(!file.contains(['/', '.', ' ']) && file == file.to_lowercase(), "{file}");
            assert_eq!(decode(&file), Some(worker), "{file}");
        }
        for foreign in ["Pod-7", "a.b", "a%2", "a%zz", "a%2F", "%ff", "日本"] {
            assert_eq!(decode(foreign), None, "{foreign} is no file of a worker");
        }
    }
}
