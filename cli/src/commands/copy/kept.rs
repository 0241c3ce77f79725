//! A small file that is written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::place::sync_name;

/// Where something is kept from one run to the next.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    path: PathBuf,
}

impl Kept {
    /// Names the file beside another, by what comes behind its name.
    pub(super) fn beside(file: &Path, ending: &str) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        Self { path: path.into() }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it, where there is one.
    pub(super) fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let shown = self.path.display();
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(format!("read {shown}"))(error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            Failure::failed(format!(
                "read {shown}: {error}; it says where a copy is, and --restart begins anew"
            ))
        })
    }

    /// Writes it, so that a crash leaves what was there before or what is there now.
    pub(super) fn store<T: Serialize>(&self, value: &T) -> io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        let written = write(&new, &serde_json::to_vec(value)?).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            // What is half written is of no use, and a full disk has need of its room.
            let _ = fs::remove_file(&new);
        }
        written?;
        // From here on it is written. After a crash an older one is as true, and only costs to read more again.
        sync_name(&self.path);
        Ok(())
    }
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}
