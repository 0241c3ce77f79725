//! The file that takes what was not delivered.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

use super::letter::Letter;

/// The file that takes what was not delivered, a line of JSON for each message.
#[derive(Debug)]
pub(super) struct DeadLetters {
    path: PathBuf,
    file: File,
}

impl DeadLetters {
    /// Opens it before anything is put, so that nothing fails for a path that is wrong.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| {
            Failure::usage(format!(
                "--dead-letter {}: {error}: a file that can be written is right",
                path.display()
            ))
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a letter. It is with the system at once: a kill loses none.
    pub(super) fn append(&mut self, letter: &Letter) -> Result<(), Failure> {
        let failed = Failure::io(format!("write dead letters to {}", self.path.display()));
        let mut line = serde_json::to_vec(letter).map_err(std::io::Error::from);
        if let Ok(line) = &mut line {
            line.push(b'\n');
        }
        line.and_then(|line| self.file.write_all(&line)).map_err(failed)
    }
}
