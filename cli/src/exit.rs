//! How a command ended.

use std::process::ExitCode;

/// How a command ended, without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All of it was done: 0.
    Done,
    /// It looked, and found fault: 1.
    Found,
    /// Some of it was delivered, and what was not is told: 3.
    Partly,
    /// Ctrl-C ended it, in order: 130.
    Interrupted,
}

impl Exit {
    /// The code for the shell.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Partly => 3,
            Self::Interrupted => 130,
        })
    }
}
