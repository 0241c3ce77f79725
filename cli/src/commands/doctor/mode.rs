//! What is to be done with a stream.

use clap::ValueEnum;

/// What is to be done with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Read it: tail, copy STREAM FILE, the first of a relay
    Read,
    /// Write it: put, copy FILE STREAM, the second of a relay
    Write,
    /// Both
    Relay,
}

impl Mode {
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Relay)
    }

    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Relay)
    }
}
