//! Dead letters in a file.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use futures::channel::mpsc::Receiver;

use crate::commands::relay::letter::Letter;
use crate::failure::Failure;

/// How many letters share a sync of the disk.
const BATCH: usize = 256;

/// A file of letters, a line each.
#[derive(Debug)]
pub(super) struct LetterFile {
    file: File,
    path: PathBuf,
}

impl LetterFile {
    /// Opens it to be written at its end; a line that an earlier run did not finish is ended.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = || Failure::io(format!("--dead-letter {}", path.display()));
        if path == Path::new("-") {
            return Err(Failure::usage(
                "--dead-letter -: a letter must be on a disk before its message is done; name a file or a stream",
            ));
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(failed())?;
        if file.seek(SeekFrom::End(0)).map_err(failed())? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(failed())?;
            if last != *b"\n" {
                file.write_all(b"\n").map_err(failed())?;
            }
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Writes what comes, and acks it once it is on the disk. Returns how many there were.
    ///
    /// What cannot be written is dropped unacked, which ends its source, so that nothing moves past it.
    pub(super) async fn take(mut self, letters: Receiver<Letter>) -> Result<u64, Failure> {
        let mut batches = letters.ready_chunks(BATCH);
        let mut count = 0;
        while let Some(batch) = batches.next().await {
            let written = tokio::task::spawn_blocking(move || {
                let written = self.write(&batch);
                (self, batch, written)
            });
            let (file, batch, written) =
                written.await.map_err(|error| Failure::failed(format!("--dead-letter: {error}")))?;
            self = file;
            written?;
            count += batch.len() as u64;
            for letter in batch {
                letter.message.ack();
            }
        }
        Ok(count)
    }

    fn write(&mut self, batch: &[Letter]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for letter in batch {
            lines.extend_from_slice(&letter.to_json());
            lines.push(b'\n');
        }
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        written.map_err(Failure::io(format!("--dead-letter {}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::LetterFile;

    #[test]
    fn a_line_that_was_cut_off_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("letters.ndjson");
        for (before, after) in [("", ""), ("{}\n", "{}\n"), ("{\"rea", "{\"rea\n")] {
            std::fs::write(&path, before).unwrap();
            LetterFile::open(&path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
