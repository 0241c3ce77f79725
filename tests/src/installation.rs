//! Where `cargo xtask setup` puts what it installs.

use std::path::{Path, PathBuf};

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

/// A file of this package.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
