//! The file that is copied into a stream.

use std::fs::TryLockError;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use headwater::checkpoint::Tracker;
use headwater::{Ack, Position};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, stdin};

use crate::commands::copy::identity::Identity;
use crate::commands::copy::kept::Kept;
use crate::failure::Failure;
use crate::place::is_standard;

/// The longest line: a record of 10 MiB whose every byte is escaped fits.
const LONGEST_LINE: usize = 64 << 20;
/// How much of the file is read at a time.
const BUFFER: usize = 1 << 20;
/// How much of what was copied tells the file from another that was written in its place.
const KNOWN_BY: u64 = 4 << 10;

/// How much of the file is in the stream: all of its first so many bytes, which are so many lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    stream: Identity,
    bytes: u64,
    lines: u64,
    /// What lies before that place, by which the file is known again
    digest: String,
}

/// Lines on their way, and how many of them have arrived.
pub(super) struct Input {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    name: String,
    /// A line, as far as it was read
    line: Vec<u8>,
    bytes: u64,
    lines: u64,
    tracker: Tracker,
    stored: Progress,
    /// Nowhere for a pipe, which cannot be read twice
    kept: Option<(Kept, std::fs::File)>,
}

/// A line of the file, which is owed to the stream.
pub(super) struct Line {
    /// Counted from 1
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
    pub(super) ack: Ack,
}

impl Input {
    /// Opens a file at its beginning, or where an earlier run left it.
    pub(super) async fn open(
        path: &Path,
        stream: Identity,
        target: &str,
        restart: bool,
    ) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let mut stored = Progress { stream, bytes: 0, lines: 0, digest: String::new() };
        let (reader, kept): (Box<dyn AsyncRead + Send + Unpin>, _) = if is_standard(path) {
            (Box::new(stdin()), None)
        } else {
            let kept = Kept::beside(path, &format!(".{target}.progress"));
            let file = File::open(path).await.map_err(Failure::io(format!("open {name}")))?;
            let metadata = file.metadata().await.map_err(Failure::io(format!("open {name}")))?;
            if !metadata.is_file() {
                return Ok(Self::over(Box::new(file), name, stored, None));
            }
            let same = lock(file, &name).await?;
            if !restart && let Some(found) = kept.load::<Progress>()? {
                check(&found, &stored.stream, &same, &name, &kept)?;
                stored = found;
            }
            // A copy that could not say how far it is had better not begin.
            kept.store(&stored).map_err(Failure::io(format!("write {}", kept.path().display())))?;
            let read = same.try_clone().and_then(|mut file| {
                file.seek(SeekFrom::Start(stored.bytes))?;
                Ok(File::from_std(file))
            });
            (Box::new(read.map_err(Failure::io(format!("read {name}")))?), Some((kept, same)))
        };
        Ok(Self::over(reader, name, stored, kept))
    }

    fn over(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        name: String,
        stored: Progress,
        kept: Option<(Kept, std::fs::File)>,
    ) -> Self {
        let (bytes, lines) = (stored.bytes, stored.lines);
        let reader = BufReader::with_capacity(BUFFER, reader);
        Self { reader, name, line: Vec::new(), bytes, lines, tracker: Tracker::new(), stored, kept }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How many lines are known to have arrived.
    pub(super) fn arrived(&self) -> u64 {
        self.stored.lines
    }

    /// Reads the next line that is not blank.
    ///
    /// # Cancel safety
    ///
    /// A line that was read in part is read on.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Failure> {
        loop {
            let room = LONGEST_LINE - self.line.len();
            let mut rest = (&mut self.reader).take(room as u64);
            let read = rest.read_until(b'\n', &mut self.line).await;
            read.map_err(Failure::io(format!("read {}", self.name)))?;
            if self.line.is_empty() {
                return Ok(None);
            }
            let number = self.lines + 1;
            if self.line.len() == LONGEST_LINE && !self.line.ends_with(b"\n") {
                return Err(Failure::failed(format!(
                    "{} line {number}: longer than any record, {LONGEST_LINE} bytes without an end",
                    self.name
                )));
            }
            let text = std::mem::take(&mut self.line);
            self.bytes += text.len() as u64;
            self.lines = number;
            // The number of the line goes where that of a user record would.
            let end = Position::After { sequence: self.bytes.to_string().into(), sub_sequence: Some(number) };
            let ack = self.tracker.open([(end, None)]).next().unwrap_or_else(Ack::none);
            if text.trim_ascii().is_empty() {
                ack.ack();
                continue;
            }
            return Ok(Some(Line { number, text, ack }));
        }
    }

    /// Stores how far all lines have arrived.
    pub(super) fn store(&mut self) -> Result<(), Failure> {
        let arrived = self.tracker.watermark().map(|arrived| arrived.position);
        let Some(Position::After { sequence, sub_sequence: Some(lines) }) = arrived else { return Ok(()) };
        if lines == self.stored.lines {
            return Ok(());
        }
        self.stored.lines = lines;
        self.stored.bytes = sequence.as_str().parse().unwrap_or(self.stored.bytes);
        match &self.kept {
            Some((kept, file)) => {
                self.stored.digest =
                    digest(file, self.stored.bytes).map_err(Failure::io(format!("read {}", self.name)))?;
                kept.store(&self.stored).map_err(Failure::io(format!("write {}", kept.path().display())))
            }
            None => Ok(()),
        }
    }
}

/// Refuses to go on in a file, or into a stream, that is not the one of before.
fn check(
    found: &Progress,
    stream: &Identity,
    file: &std::fs::File,
    name: &str,
    kept: &Kept,
) -> Result<(), Failure> {
    let beside = kept.path().display();
    if found.stream != *stream {
        return Err(Failure::failed(format!(
            "{beside} tells of a copy into another stream of that name: --restart begins anew"
        )));
    }
    let is_same = found.bytes == 0
        || match digest(file, found.bytes) {
            Ok(digest) => digest == found.digest,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(Failure::io(format!("read {name}"))(error)),
        };
    if !is_same {
        return Err(Failure::failed(format!(
            "{name} is not the file that {beside} tells of: its first {} bytes are others than were copied: --restart begins anew",
            found.bytes
        )));
    }
    Ok(())
}

/// Digests what lies right before a place.
fn digest(file: &std::fs::File, place: u64) -> io::Result<String> {
    let begin = place.saturating_sub(KNOWN_BY);
    let mut known = vec![0; usize::try_from(place - begin).unwrap_or_default()];
    file.read_exact_at(&mut known, begin)?;
    Ok(format!("{:032x}", u128::from_be_bytes(Md5::digest(&known).into())))
}

/// Keeps those away who would write to the file. Where files cannot be locked, that is the user's to see to.
async fn lock(file: File, name: &str) -> Result<std::fs::File, Failure> {
    let file = file.into_std().await;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            Err(Failure::failed(format!("{name} is being written by another copy")))
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
