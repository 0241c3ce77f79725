//! The file that a stream is copied into.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use headwater::checkpoint::{Application, CheckpointStore as _, MemoryCheckpoints};
use headwater::{Origin, Position, ShardId};
use serde::{Deserialize, Serialize};

use crate::begin::Begin;
use crate::commands::copy::identity::Identity;
use crate::commands::copy::kept::Kept;
use crate::counted::counted;
use crate::failure::Failure;
use crate::rfc3339::rfc3339;

/// How much is kept until it is written.
const BUFFER: usize = 256 << 10;

/// What is in the file: the first so many bytes, which are on the disk, hold each shard up to its mark. Whatever is
/// behind them is cut off by the next run, and read again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    stream: Identity,
    /// Where shards without a mark begin
    from: String,
    whole: bool,
    bytes: u64,
    messages: u64,
    shards: BTreeMap<String, Mark>,
}

/// The last message of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    sequence: String,
    sub_sequence: Option<u64>,
}

/// A file of lines, and how far it is.
#[derive(Debug)]
pub(super) struct Archive {
    file: File,
    path: PathBuf,
    kept: Kept,
    progress: Progress,
    /// What the disk holds for sure
    stored: Progress,
    buffer: Vec<u8>,
}

impl Archive {
    /// Opens a file, new or where an earlier run left it. Nothing that it holds is changed before [`start`](Self::start).
    pub(super) fn open(
        path: &Path,
        stream: Identity,
        from: &Begin,
        whole: bool,
        restart: bool,
    ) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let kept = Kept::beside(path, ".progress");
        let beside = kept.path().display().to_string();
        let failed = || Failure::io(format!("open {shown}"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed())?;
        lock(&file, &shown)?;
        let metadata = file.metadata().map_err(failed())?;
        if !metadata.is_file() {
            return Err(Failure::usage(format!(
                "{shown} is no regular file, which can be gone on with; - is standard output"
            )));
        }
        let len = metadata.len();
        let found: Option<Progress> = if restart { None } else { kept.load()? };
        let progress = match found {
            Some(found) if found.stream != stream => {
                return Err(Failure::failed(format!(
                    "{shown} holds another stream of that name, as {beside} says; take another file, or --restart"
                )));
            }
            Some(found) if found.whole != whole => {
                let flag = if whole { "without" } else { "with" };
                return Err(Failure::usage(format!(
                    "{shown} was begun {flag} --whole: go on so, or --restart"
                )));
            }
            Some(found) if found.bytes > len => {
                return Err(Failure::failed(format!(
                    "{shown} has {len} bytes, of {} that {beside} tells of: --restart copies anew",
                    found.bytes
                )));
            }
            Some(found) => found,
            None if len > 0 && !restart => {
                return Err(Failure::failed(format!(
                    "{shown} is there, and no copy of this command: take another file, or --restart to write over it"
                )));
            }
            None => {
                Progress { stream, from: first(from), whole, bytes: 0, messages: 0, shards: BTreeMap::new() }
            }
        };
        let stored = progress.clone();
        Ok(Self { file, path: path.to_owned(), kept, progress, stored, buffer: Vec::new() })
    }

    /// Cuts off what is not known to be whole, and gets ready to be written.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        // Before the first line: a file without it would not be known again.
        let beside = self.kept.path().display().to_string();
        self.kept.store(&self.progress).map_err(Failure::io(format!("write {beside}")))?;
        let bytes = self.progress.bytes;
        let cut = self.file.set_len(bytes).and_then(|()| self.file.seek(SeekFrom::Start(bytes)));
        cut.map(drop).map_err(Failure::io(format!("open {}", self.path.display())))
    }

    /// Where shards without a mark begin.
    pub(super) fn begin(&self) -> Result<Begin, Failure> {
        let from = &self.progress.from;
        match from.parse() {
            // The shard of that number has its mark, and any other is a child of it.
            Ok(Begin::Sequence(_)) if !self.progress.shards.is_empty() => Ok(Begin::Horizon),
            Ok(begin) => Ok(begin),
            Err(right) => {
                Err(Failure::failed(format!("{}: from \"{from}\": {right}", self.kept.path().display())))
            }
        }
    }

    /// The marks as checkpoints.
    pub(super) async fn checkpoints(&self, application: &Application) -> Result<MemoryCheckpoints, Failure> {
        let store = MemoryCheckpoints::new();
        for (shard, mark) in &self.progress.shards {
            store.reset(application, &ShardId::new(shard.as_str()), None, &mark.position().into()).await?;
        }
        Ok(store)
    }

    /// Takes a line, unless the file has it.
    pub(super) fn write(&mut self, origin: &Origin, line: &[u8]) -> Result<(), Failure> {
        let mark = Mark { sequence: origin.sequence().to_string(), sub_sequence: origin.sub_sequence() };
        let shard = self.progress.shards.get_mut(origin.shard().as_str());
        match shard {
            Some(last) if mark.position() <= last.position() => return Ok(()),
            Some(last) => *last = mark,
            None => drop(self.progress.shards.insert(origin.shard().to_string(), mark)),
        }
        self.progress.bytes += line.len() as u64;
        self.progress.messages += 1;
        self.buffer.extend_from_slice(line);
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        self.write_out().map_err(|error| self.cut(&error))
    }

    /// Brings everything to the disk, and then says so beside it.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        if self.progress.messages == self.stored.messages {
            return Ok(());
        }
        let synced = self
            .write_out()
            .and_then(|()| self.file.sync_data())
            .and_then(|()| self.kept.store(&self.progress));
        synced.map_err(|error| self.cut(&error))?;
        self.stored = self.progress.clone();
        Ok(())
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Cuts off what is not on the disk for sure, and forgets it, so that the file has whole lines alone while it waits.
    fn cut(&mut self, error: &io::Error) -> Failure {
        self.buffer.clear();
        self.progress = self.stored.clone();
        let Progress { bytes, messages, .. } = self.stored;
        let path = self.path.display();
        // The next run does it too.
        let _ = self.file.set_len(bytes);
        Failure::failed(format!(
            "write {path}: {error}; it is whole with {}, and the same command goes on behind them once there is room",
            counted(messages, "message")
        ))
    }
}

impl Mark {
    fn position(&self) -> Position {
        Position::After { sequence: self.sequence.as_str().into(), sub_sequence: self.sub_sequence }
    }
}

/// Where a copy begins, so that a later run begins there too.
fn first(from: &Begin) -> String {
    match from {
        Begin::Horizon => "horizon".to_owned(),
        Begin::Latest => rfc3339(SystemTime::now()),
        Begin::Time(time) => rfc3339(*time),
        Begin::Sequence(sequence) => sequence.to_string(),
    }
}

/// Takes a file for this process alone. Where files cannot be locked, that is the user's to see to.
fn lock(file: &File, shown: &str) -> Result<(), Failure> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Failure::failed(format!("{shown} is in use by another copy"))),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
