//! The command line with the defaults of a configuration file.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;

/// Why there is nothing to run: help was asked for, or something is wrong.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What clap says, help included.
    Clap(clap::Error),
}

impl Refused {
    /// Prints it, and returns the code for the shell.
    pub(crate) fn tell(&self) -> ExitCode {
        match self {
            Self::Clap(error) => {
                // Nobody is left to tell.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(argv: impl Iterator<Item = OsString>) -> Result<Cli, Refused> {
    Cli::try_parse_from(argv).map_err(Refused::Clap)
}
