//! The file that takes what was not delivered.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::letters;

use super::letter::Letter;

/// The file that takes what was not delivered, a line of JSON for each message.
#[derive(Debug)]
pub(super) struct DeadLetters {
    path: PathBuf,
    file: File,
}

impl DeadLetters {
    /// Opens it to be written at its end.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = letters::open(path)?;
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
