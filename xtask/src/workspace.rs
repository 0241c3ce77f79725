//! Where things are.

use std::path::{Path, PathBuf};

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| manifest.to_owned(), Path::to_owned)
}

/// What the servers are installed from: their lock files, which the repository holds.
pub(crate) fn server_sources() -> PathBuf {
    root().join("tests").join("servers")
}

/// Where the servers are installed. `headwater-tests` looks for them in the same place.
pub(crate) fn servers() -> PathBuf {
    root().join("target").join("servers")
}
