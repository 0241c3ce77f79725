//! Where things are, and what is built.

use std::env;
use std::path::{Path, PathBuf};

/// The features that are checked and tested beside the default ones.
pub(crate) const FEATURES: &str = "headwater-cli/otlp";

/// The workspace's root folder.
///
/// Cargo says at run time where this package is. What it said at compile time may be another copy of this repository,
/// when two of them share a target folder.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = PathBuf::from(package);
    package.parent().map_or_else(|| package.clone(), Path::to_owned)
}

/// What the servers are installed from: their lock files, which the repository holds.
pub(crate) fn server_sources() -> PathBuf {
    root().join("tests").join("servers")
}

/// What the browser is installed from.
pub(crate) fn browser_sources() -> PathBuf {
    root().join("tests").join("browser")
}

/// What a record cost before.
pub(crate) fn baseline() -> PathBuf {
    root().join("benches").join("baseline.json")
}

/// What the clients of other languages are installed from, and the programs that call them.
pub(crate) fn peer_sources() -> PathBuf {
    root().join("benches").join("peers")
}

/// Where the servers are installed. `headwater-tests` looks for them in the same place.
pub(crate) fn servers() -> PathBuf {
    root().join("target").join("servers")
}
