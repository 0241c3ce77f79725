//! Where `cargo xtask setup` puts what it installs.

use std::env;
use std::path::PathBuf;

/// A file that `cargo xtask setup` installs, by its path under `target/servers`.
///
/// # Panics
///
/// When it is not there, with the way out: a test must not pass because its server is missing.
pub(crate) fn installed(path: &str) -> PathBuf {
    let path = workspace().join("target").join("servers").join(path);
    assert!(path.exists(), "{} is not installed: run `cargo xtask setup`", path.display());
    path
}

/// The Python of a virtual environment that `cargo xtask setup` makes.
///
/// # Panics
///
/// When it is not there, see [`installed`].
pub(crate) fn virtual_python(environment: &str) -> PathBuf {
    let python = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    installed(&format!("{environment}/{python}"))
}

/// A file of this package.
pub(crate) fn source(path: &str) -> PathBuf {
    workspace().join("tests").join(path)
}

/// The workspace's root: where the lock file is.
///
/// Cargo says at run time which package it tests. What it said at compile time may be another copy of this
/// repository, when two of them share a target folder.
fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut dir = PathBuf::from(package);
    while !dir.join("Cargo.lock").exists() {
        assert!(dir.pop(), "no Cargo.lock above this package");
    }
    dir
}
