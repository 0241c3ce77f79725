//! The configuration file, and where it is.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ArgMatches;

use crate::failure::Failure;

/// The variable that names the file.
const VARIABLE: &str = "HEADWATER_CONFIG";

/// A configuration file, read and not yet understood.
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl ConfigFile {
    /// Reads the file that is named, or the one where configuration is kept. One that is named must be there.
    pub(crate) fn find(matches: &ArgMatches) -> Result<Option<Self>, Failure> {
        let variable = || set(VARIABLE).map(|path| (VARIABLE, path));
        let flag = matches.get_one::<PathBuf>("config").map(|path| ("--config", path.clone()));
        let named = flag.or_else(variable);
        let Some(path) = named.as_ref().map(|(_, path)| path.clone()).or_else(usual) else { return Ok(None) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { path, text })),
            Err(error) if named.is_none() && is_missing(error.kind()) => Ok(None),
            Err(error) => {
                let by = named.map_or(String::new(), |(by, _)| format!("{by} "));
                Err(Failure::usage(format!("{by}{}: {error}", path.display())))
            }
        }
    }

    /// Says what is wrong at a place of the file, which is counted in bytes.
    pub(crate) fn wrong_at(&self, offset: usize, what: impl fmt::Display) -> Failure {
        self.wrong(self.line(offset), what)
    }

    /// Says what is wrong in a line.
    pub(crate) fn wrong(&self, line: usize, what: impl fmt::Display) -> Failure {
        Failure::usage(format!("{}:{line}: {what}", self.path.display()))
    }

    /// The line of a place, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }
}

/// Where the file is unless one is named.
fn usual() -> Option<PathBuf> {
    let directory = set("XDG_CONFIG_HOME")
        .filter(|directory| directory.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(directory.join("headwater/config.toml"))
}

fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Whether there is no such file, nor a directory for it.
fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}
