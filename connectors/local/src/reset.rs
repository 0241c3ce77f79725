//! A connection that breaks on demand.

use std::{fmt, io};

/// Tells a connection to break.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionReset;

impl fmt::Display for ConnectionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset by a fault")
    }
}

impl std::error::Error for ConnectionReset {}

impl From<ConnectionReset> for io::Error {
    fn from(reset: ConnectionReset) -> Self {
        Self::new(io::ErrorKind::ConnectionReset, reset)
    }
}
