//! Dead letters in a file.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use futures::channel::mpsc::Receiver;

use crate::commands::relay::letter::Letter;
use crate::failure::Failure;
use crate::letters;

/// How many letters share a sync of the disk.
const BATCH: usize = 256;

/// A file of letters, a line each.
#[derive(Debug)]
pub(super) struct LetterFile {
    file: File,
    path: PathBuf,
}

impl LetterFile {
    /// Opens it to be written at its end.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = letters::open(path)?;
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
